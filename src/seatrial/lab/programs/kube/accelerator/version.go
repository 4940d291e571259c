package accelerator

import (
	"fmt"
	"os"
	"path/filepath"
)

// versionPath is where a container that was given a device finds which driver it is that gave it.
const versionPath = "/run/seatrial/driver-version"

// otherVersion is what a driver injects that was upgraded behind the back of whoever advertises it.
const otherVersion = "0.9.1"

// versionFile is a file of this host that goes into each container with a device. An empty one goes into none.
type versionFile string

// writeVersion makes the file. Real drivers bring libraries and tools; this one brings its version, and says that it simulates.
func writeVersion(folder string, devices []Device, misbehave Misbehaviours) (versionFile, error) {
	if folder == "" || len(devices) == 0 {
		return "", nil
	}
	version := devices[0].DriverVersion
	if misbehave.has(OtherDriverVersion) {
		version = otherVersion
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	file := filepath.Join(folder, "driver-version")
	text := fmt.Sprintf("seatrial accelerator driver, version %s (simulated)\n", version)
	return versionFile(file), os.WriteFile(file, []byte(text), 0o644)
}
