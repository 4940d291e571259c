package accelerator

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	resourceapi "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"
)

// fabric is the switch of the simulated fast network: a bridge of the node, to which nothing else is connected.
const fabric = "seatrial-fabric"

// NIC is a simulated fast network card: real interfaces and real packets, and figures of no hardware.
type NIC struct {
	Interface string `json:"interface"` // its name in the pod
	Address   string `json:"address"`   // with the length of the prefix
	Port      string `json:"port"`      // the name of its other end, at the fabric
	PCI       string `json:"pci"`
	Bandwidth string `json:"bandwidth"` // bits per second, as a quantity
	RDMA      bool   `json:"rdma"`
}

func (n *NIC) attributes(device Device) map[resourceapi.QualifiedName]resourceapi.DeviceAttribute {
	return map[resourceapi.QualifiedName]resourceapi.DeviceAttribute{
		"ifName":     {StringValue: ptr.To(n.Interface)},
		"pciAddress": {StringValue: ptr.To(n.PCI)},
		"numaNode":   {IntValue: ptr.To(int64(device.NUMA))},
		"rdma":       {BoolValue: ptr.To(n.RDMA)},
	}
}

func (n *NIC) capacity() map[resourceapi.QualifiedName]resourceapi.DeviceCapacity {
	bandwidth, err := resource.ParseQuantity(n.Bandwidth)
	if err != nil {
		return nil // a card of which nobody knows how fast it is
	}
	return map[resourceapi.QualifiedName]resourceapi.DeviceCapacity{"bandwidth": {Value: bandwidth}}
}

// hook is what the runtime is to call when the container's namespaces are there, and before it starts.
func (n *NIC) hook(misbehave Misbehaviours) (cdiHook, error) {
	program, err := os.Executable()
	if err != nil {
		return cdiHook{}, err
	}
	args := []string{"accelerator", "nic-hook", "--interface=" + n.Interface, "--address=" + n.Address, "--port=" + n.Port}
	if !misbehave.has(NICUnplugged) {
		args = append(args, "--fabric="+fabric)
	}
	return cdiHook{HookName: "createRuntime", Path: program, Args: args}, nil
}

// layFabric makes the switch unless it is there.
func layFabric() error {
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: fabric}}
	if err := netlink.LinkAdd(bridge); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("make the bridge %s: %w", fabric, err)
	}
	return netlink.LinkSetUp(bridge)
}

// nicHook is called by the container runtime, which tells of the container on the standard input.
func nicHook(args []string, stdin io.Reader) int {
	if err := bringNIC(args, stdin); err != nil {
		fmt.Fprintln(os.Stderr, "accelerator nic-hook:", err)
		return 1
	}
	return 0
}

func bringNIC(args []string, stdin io.Reader) error {
	var nic NIC
	flags := flag.NewFlagSet("nic-hook", flag.ContinueOnError)
	flags.StringVar(&nic.Interface, "interface", "", "the interface's name in the pod")
	flags.StringVar(&nic.Address, "address", "", "its address, with the length of the prefix")
	flags.StringVar(&nic.Port, "port", "", "the name of its other end")
	to := flags.String("fabric", "", "the bridge to which that end is connected; none: it is left loose")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var container struct {
		Pid int `json:"pid"`
	}
	if err := json.NewDecoder(stdin).Decode(&container); err != nil {
		return fmt.Errorf("the runtime's account of the container: %w", err)
	}
	namespace, err := netns.GetFromPid(container.Pid)
	if err != nil {
		return fmt.Errorf("the network of process %d: %w", container.Pid, err)
	}
	defer namespace.Close()
	inside, err := netlink.NewHandleAt(namespace)
	if err != nil {
		return err
	}
	defer inside.Close()
	if _, err := inside.LinkByName(nic.Interface); err == nil {
		return nil // another container of this pod came first
	}
	if err := nic.cable(namespace, *to); err != nil {
		return err
	}
	return nic.configure(inside)
}

// cable puts one end into the pod, and the other on the fabric.
func (n *NIC) cable(namespace netns.NsHandle, to string) error {
	pair := &netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: n.Port},
		PeerName:  n.Interface, PeerNamespace: netlink.NsFd(namespace),
	}
	if err := netlink.LinkAdd(pair); err != nil {
		return fmt.Errorf("make %s: %w", n.Port, err)
	}
	if to != "" {
		bridge, err := netlink.LinkByName(to)
		if err != nil {
			return fmt.Errorf("find the fabric %s: %w", to, err)
		}
		if err := netlink.LinkSetMaster(pair, bridge); err != nil {
			return fmt.Errorf("connect %s to %s: %w", n.Port, to, err)
		}
	}
	return netlink.LinkSetUp(pair)
}

func (n *NIC) configure(inside *netlink.Handle) error {
	link, err := inside.LinkByName(n.Interface)
	if err != nil {
		return err
	}
	address, err := netlink.ParseAddr(n.Address)
	if err != nil {
		return err
	}
	if err := inside.AddrAdd(link, address); err != nil {
		return fmt.Errorf("give %s its address: %w", n.Interface, err)
	}
	return inside.LinkSetUp(link)
}
