package accelerator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	resourceapi "k8s.io/api/resource/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/dynamic-resource-allocation/kubeletplugin"
	"k8s.io/dynamic-resource-allocation/resourceslice"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"
)

// Driver hands out devices to claims: it publishes a ResourceSlice, and prepares what the scheduler has allocated.
type Driver struct {
	name      string
	node      string
	devices   []Device
	misbehave Misbehaviours
	specs     cdiSpecs
	stop      context.CancelCauseFunc // ends the whole program when a fault can't be retried
}

// run serves the kubelet until the context ends, and calls ready once the kubelet knows the driver.
func (d *Driver) run(ctx context.Context, client kubernetes.Interface, kubelet kubeletDirs, ready func()) error {
	for _, folder := range []string{d.specs.folder, kubelet.plugin(d.name), kubelet.registry()} {
		if err := os.MkdirAll(folder, 0o750); err != nil {
			return err
		}
	}
	helper, err := kubeletplugin.Start(ctx, d,
		kubeletplugin.DriverName(d.name),
		kubeletplugin.NodeName(d.node),
		kubeletplugin.KubeClient(client),
		kubeletplugin.RegistrarDirectoryPath(kubelet.registry()),
		kubeletplugin.PluginDataDirectoryPath(kubelet.plugin(d.name)),
	)
	if err != nil {
		return fmt.Errorf("start the DRA driver: %w", err)
	}
	defer helper.Stop()
	if err := d.announce(ctx, client, helper); err != nil {
		return fmt.Errorf("announce the devices: %w", err)
	}
	if err := untilRegistered(ctx, helper); err != nil || ctx.Err() != nil {
		return err
	}
	klog.FromContext(ctx).Info("Registered the DRA driver", "driver", d.name, "devices", len(d.devices))
	ready()
	<-ctx.Done()
	return nil
}

func (d *Driver) announce(ctx context.Context, client kubernetes.Interface, helper *kubeletplugin.Helper) error {
	if !d.misbehave.has(NoSlices) {
		return helper.PublishResources(ctx, resourceslice.DriverResources{Pools: map[string]resourceslice.Pool{
			d.node: {Slices: []resourceslice.Slice{{Devices: d.published()}}},
		}})
	}
	mine := fields.Set{resourceapi.ResourceSliceSelectorDriver: d.name, resourceapi.ResourceSliceSelectorNodeName: d.node}
	return client.ResourceV1().ResourceSlices().DeleteCollection(ctx, metav1.DeleteOptions{},
		metav1.ListOptions{FieldSelector: fields.SelectorFromSet(mine).String()})
}

func (d *Driver) published() []resourceapi.Device {
	var published []resourceapi.Device
	for _, device := range d.devices {
		attributes, capacity := device.attributes(), map[resourceapi.QualifiedName]resourceapi.DeviceCapacity(nil)
		if device.NIC != nil {
			attributes, capacity = device.NIC.attributes(device), device.NIC.capacity()
		}
		published = append(published, resourceapi.Device{Name: device.Name, Attributes: attributes, Capacity: capacity})
	}
	return published
}

// attributes are what claims can select by.
func (d Device) attributes() map[resourceapi.QualifiedName]resourceapi.DeviceAttribute {
	attributes := map[resourceapi.QualifiedName]resourceapi.DeviceAttribute{
		"product":       {StringValue: ptr.To(d.Product)},
		"uuid":          {StringValue: ptr.To(d.UUID)},
		"driverVersion": {VersionValue: ptr.To(semantic(d.DriverVersion))},
		"index":         {IntValue: ptr.To(int64(d.Index))},
		"numa":          {IntValue: ptr.To(int64(d.NUMA))},
	}
	if d.Parent != "" {
		attributes["parentUUID"] = resourceapi.DeviceAttribute{StringValue: ptr.To(d.Parent)}
	}
	return attributes
}

// untilRegistered asks again and again, because the helper offers no other way to learn it.
func untilRegistered(ctx context.Context, helper *kubeletplugin.Helper) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if status := helper.RegistrationStatus(); status != nil {
			if status.PluginRegistered {
				return nil
			}
			return fmt.Errorf("the kubelet refused the DRA driver: %s", status.Error)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// PrepareResourceClaims makes the allocated devices available under CDI names.
func (d *Driver) PrepareResourceClaims(_ context.Context, claims []*resourceapi.ResourceClaim) (map[types.UID]kubeletplugin.PrepareResult, error) {
	results := make(map[types.UID]kubeletplugin.PrepareResult, len(claims))
	for _, claim := range claims {
		devices, err := d.prepare(claim)
		results[claim.UID] = kubeletplugin.PrepareResult{Devices: devices, Err: err}
	}
	return results, nil
}

func (d *Driver) prepare(claim *resourceapi.ResourceClaim) ([]kubeletplugin.Device, error) {
	var prepared []kubeletplugin.Device
	var grants []grant
	for _, result := range claim.Status.Allocation.Devices.Results {
		if result.Driver != d.name {
			continue
		}
		holder, err := d.specs.holder(result.Device, claim.UID)
		if err != nil {
			return nil, err
		}
		if holder != "" {
			return nil, fmt.Errorf("device %s is in use by claim %s", result.Device, holder)
		}
		injected, err := d.injected(result.Device)
		if err != nil {
			return nil, err
		}
		grants = append(grants, grant{allocated: result.Device, injected: injected})
		prepared = append(prepared, kubeletplugin.Device{
			Requests:     []string{result.Request},
			PoolName:     result.Pool,
			DeviceName:   result.Device,
			CDIDeviceIDs: []string{d.specs.qualified(claim.UID, result.Device)},
		})
	}
	return prepared, d.specs.write(claim.UID, grants)
}

// injected is what a container gets for an allocated device.
func (d *Driver) injected(allocated string) ([]Device, error) {
	i := slices.IndexFunc(d.devices, func(device Device) bool { return device.Name == allocated })
	switch {
	case i < 0:
		return nil, fmt.Errorf("there is no device %s on node %s", allocated, d.node)
	case d.misbehave.has(HandOutEverythingDRA):
		return d.devices, nil
	case d.misbehave.has(HandOutParent) && d.devices[i].Parent != "":
		whole := d.devices[i]
		whole.HostPath, whole.UUID = whole.ParentPath, whole.Parent
		return []Device{whole}, nil
	case d.misbehave.has(IgnoreClaim):
		return []Device{d.devices[(i+1)%len(d.devices)]}, nil
	default:
		return []Device{d.devices[i]}, nil
	}
}

// UnprepareResourceClaims takes back what was prepared, even by an earlier process.
func (d *Driver) UnprepareResourceClaims(_ context.Context, claims []kubeletplugin.NamespacedObject) (map[types.UID]error, error) {
	results := make(map[types.UID]error, len(claims))
	for _, claim := range claims {
		results[claim.UID] = d.specs.remove(claim.UID)
	}
	return results, nil
}

// HandleError logs what goes wrong in the background, and ends the program when trying again can't help.
func (d *Driver) HandleError(ctx context.Context, err error, msg string) {
	runtime.HandleErrorWithContext(ctx, err, msg)
	if !errors.Is(err, kubeletplugin.ErrRecoverable) {
		d.stop(fmt.Errorf("%s: %w", msg, err))
	}
}

// kubeletDirs are the places under the kubelet's root where it and its plugins meet.
type kubeletDirs string

func (k kubeletDirs) registry() string          { return filepath.Join(string(k), "plugins_registry") }
func (k kubeletDirs) plugin(name string) string { return filepath.Join(string(k), "plugins", name) }
func (k kubeletDirs) devicePlugins() string     { return filepath.Join(string(k), "device-plugins") }
