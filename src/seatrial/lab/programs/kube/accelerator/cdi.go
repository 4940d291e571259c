package accelerator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
)

const cdiVersion = "0.6.0"

// cdiSpecs is a folder with one CDI file for each prepared claim. The files are what the container runtime reads,
// and also all that this driver remembers, so nothing is lost when it restarts.
type cdiSpecs struct {
	folder string
	kind   string // such as accelerator.seatrial.dev/device

	version   versionFile
	misbehave Misbehaviours
}

type cdiSpec struct {
	Version string      `json:"cdiVersion"`
	Kind    string      `json:"kind"`
	Devices []cdiDevice `json:"devices"`
}

type cdiDevice struct {
	Name  string   `json:"name"`
	Edits cdiEdits `json:"containerEdits"`
}

type cdiEdits struct {
	Env         []string   `json:"env,omitempty"`
	DeviceNodes []cdiNode  `json:"deviceNodes,omitempty"`
	Mounts      []cdiMount `json:"mounts,omitempty"`
	Hooks       []cdiHook  `json:"hooks,omitempty"`
}

type cdiNode struct {
	Path        string `json:"path"`
	HostPath    string `json:"hostPath"`
	Permissions string `json:"permissions"`
}

type cdiMount struct {
	HostPath      string   `json:"hostPath"`
	ContainerPath string   `json:"containerPath"`
	Options       []string `json:"options"`
}

type cdiHook struct {
	HookName string   `json:"hookName"`
	Path     string   `json:"path"`
	Args     []string `json:"args"`
}

// grant is what a claim gives for one allocated device: normally that device, and nothing else.
type grant struct {
	allocated string
	injected  []Device
}

// write prepares a claim. It is safe to repeat.
func (s cdiSpecs) write(claim types.UID, grants []grant) error {
	spec := cdiSpec{Version: cdiVersion, Kind: s.kind}
	for _, grant := range grants {
		device := cdiDevice{Name: deviceID(claim, grant.allocated)}
		for _, injected := range grant.injected {
			if err := s.add(&device.Edits, injected); err != nil {
				return err
			}
		}
		if s.version != "" {
			device.Edits.Mounts = append(device.Edits.Mounts,
				cdiMount{HostPath: string(s.version), ContainerPath: versionPath, Options: []string{"bind", "ro"}})
		}
		spec.Devices = append(spec.Devices, device)
	}
	text, err := json.MarshalIndent(spec, "", "  ")
	if err != nil {
		return err
	}
	// The runtime may read at any moment, so the file appears whole or not at all.
	fresh := s.file(claim) + ".new"
	if err := os.WriteFile(fresh, text, 0o644); err != nil {
		return err
	}
	return os.Rename(fresh, s.file(claim))
}

// add what one device is to a container: a node that it may open, or an interface that comes before it starts.
func (s cdiSpecs) add(edits *cdiEdits, device Device) error {
	edits.Env = append(edits.Env, fmt.Sprintf("SEATRIAL_DEVICE_%d=%s", device.Index, device.UUID))
	switch {
	case device.NIC == nil:
		edits.DeviceNodes = append(edits.DeviceNodes,
			cdiNode{Path: device.ContainerPath, HostPath: device.HostPath, Permissions: "rw"})
	case !s.misbehave.has(NICStays):
		hook, err := device.NIC.hook(s.misbehave)
		if err != nil {
			return err
		}
		edits.Hooks = append(edits.Hooks, hook)
	}
	return nil
}

// remove undoes write. It is no error when there is nothing to undo.
func (s cdiSpecs) remove(claim types.UID) error {
	if err := os.Remove(s.file(claim)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// holder tells which other claim a device is prepared for, or "".
func (s cdiSpecs) holder(device string, asking types.UID) (types.UID, error) {
	files, err := filepath.Glob(s.file("*"))
	if err != nil {
		return "", err
	}
	for _, file := range files {
		claim := s.claim(file)
		if claim == asking {
			continue
		}
		spec, err := readSpec(file)
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(spec.Devices, func(held cdiDevice) bool { return held.Name == deviceID(claim, device) }) {
			return claim, nil
		}
	}
	return "", nil
}

// readSpec of a file that has gone in the meantime is an empty one.
func readSpec(file string) (spec cdiSpec, err error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return spec, nil
	}
	if err != nil {
		return spec, err
	}
	if err := json.Unmarshal(text, &spec); err != nil {
		return spec, fmt.Errorf("%s: %w", file, err)
	}
	return spec, nil
}

// qualified is the name under which the kubelet hands a device of a claim to the container runtime.
func (s cdiSpecs) qualified(claim types.UID, device string) string {
	return s.kind + "=" + deviceID(claim, device)
}

func (s cdiSpecs) file(claim types.UID) string {
	return s.prefix() + string(claim) + ".json"
}

func (s cdiSpecs) claim(file string) types.UID {
	return types.UID(strings.TrimSuffix(strings.TrimPrefix(file, s.prefix()), ".json"))
}

func (s cdiSpecs) prefix() string {
	return filepath.Join(s.folder, strings.ReplaceAll(s.kind, "/", "-")+"_")
}

// deviceID carries the claim, because a runtime may keep what it once read under a name.
func deviceID(claim types.UID, device string) string { return string(claim) + "-" + device }
