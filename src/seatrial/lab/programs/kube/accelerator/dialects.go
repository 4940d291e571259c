package accelerator

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// dialect turns readings into the families that one vendor's exporter would show.
type dialect func([]reading) []family

const ownDialect = "seatrial"

var dialects = map[string]dialect{
	ownDialect: own,
	"nvidia":   nvidia,
	"amd":      amd,
	"intel":    intel,
}

// family is one metric with its series. Those of memory in use are marked.
type family struct {
	name, help, kind string
	memory           bool
	series           []series
}

type series struct {
	labels []string // name, value, name, value …
	value  float64
}

// write speaks the text format that every Prometheus understands.
func write(w io.Writer, families []family) {
	for _, one := range families {
		fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", one.name, one.help, one.name, one.kind)
		for _, line := range one.series {
			fmt.Fprintf(w, "%s{%s} %s\n", one.name, labelled(line.labels), strconv.FormatFloat(line.value, 'g', -1, 64))
		}
	}
}

func labelled(pairs []string) string {
	var parts []string
	for i := 0; i < len(pairs); i += 2 {
		parts = append(parts, pairs[i]+"="+strconv.Quote(pairs[i+1]))
	}
	return strings.Join(parts, ",")
}

// column is one metric of a dialect: its name and how a reading becomes its value.
type column struct {
	name, help string
	memory     bool
	value      func(reading) float64
}

// table has a series of each metric for each reading.
func table(found []reading, labels func(reading) []string, columns ...column) []family {
	var families []family
	for _, column := range columns {
		one := family{name: column.name, help: column.help, kind: "gauge", memory: column.memory}
		for _, reading := range found {
			one.series = append(one.series, series{labels: labels(reading), value: column.value(reading)})
		}
		families = append(families, one)
	}
	return families
}

const mebibyte = 1 << 20

func percent(one reading) float64  { return one.busy * 100 }
func usedMiB(one reading) float64  { return float64(int(one.used / mebibyte)) }
func totalMiB(one reading) float64 { return float64(int(one.total / mebibyte)) }
func freeMiB(one reading) float64  { return totalMiB(one) - usedMiB(one) }
func celsius(one reading) float64  { return float64(int(30 + 40*one.busy)) }
func watts(one reading) float64    { return float64(int(75 + 500*one.busy)) }
func steady(value float64) func(reading) float64 {
	return func(reading) float64 { return value }
}

// own is the exporter of the lab's own devices. It calls itself simulated.
func own(found []reading) []family {
	labels := func(one reading) []string {
		return append([]string{"device", one.Name, "uuid", one.UUID, "node", one.node, "product", one.Product, "simulated", "true"}, holders(one)...)
	}
	return table(found, labels,
		column{"seatrial_accelerator_utilization_percent", "Share of the last second in which the device was busy.", false, percent},
		column{"seatrial_accelerator_memory_used_bytes", "Bytes of the device that hold something.", true, func(one reading) float64 { return one.used }},
		column{"seatrial_accelerator_memory_total_bytes", "Bytes that the device has.", true, func(one reading) float64 { return one.total }},
		column{"seatrial_accelerator_memory_clock_hertz", "Clock of the memory; simulated.", false, steady(1e9)},
	)
}

// nvidia speaks as dcgm-exporter does with its default counters.
func nvidia(found []reading) []family {
	labels := func(one reading) []string {
		index := strconv.Itoa(one.Index)
		return append([]string{
			"gpu", index, "UUID", one.UUID, "pci_bus_id", fmt.Sprintf("00000000:%02X:00.0", one.Index+1), "device", "nvidia" + index,
			"modelName", one.Product, "Hostname", one.node, "DCGM_FI_DRIVER_VERSION", one.DriverVersion,
		}, holdersIfAny(one)...)
	}
	return append(table(found, labels,
		column{"DCGM_FI_DEV_SM_CLOCK", "SM clock frequency (in MHz).", false, steady(1980)},
		column{"DCGM_FI_DEV_MEM_CLOCK", "Memory clock frequency (in MHz).", false, steady(2619)},
		column{"DCGM_FI_DEV_GPU_TEMP", "GPU temperature (in C).", false, celsius},
		column{"DCGM_FI_DEV_POWER_USAGE", "Power draw (in W).", false, watts},
		column{"DCGM_FI_DEV_GPU_UTIL", "GPU utilization (in %).", false, percent},
		column{"DCGM_FI_DEV_MEM_COPY_UTIL", "Memory utilization (in %).", false, func(one reading) float64 { return one.busy * 40 }},
		column{"DCGM_FI_DEV_XID_ERRORS", "Value of the last XID error encountered.", false, lastXid},
		column{"DCGM_FI_DEV_FB_FREE", "Framebuffer memory free (in MiB).", true, freeMiB},
		column{"DCGM_FI_DEV_FB_USED", "Framebuffer memory used (in MiB).", true, usedMiB},
	), counted(found, labels)...)
}

func lastXid(one reading) float64 {
	if len(one.xids) == 0 {
		return 0
	}
	return float64(one.xids[len(one.xids)-1])
}

// counted has a series for each XID that a device showed. The real exporter counts them only where it is told to.
func counted(found []reading, labels func(reading) []string) []family {
	one := family{name: "DCGM_EXP_XID_ERRORS_COUNT", help: "Count of XID Errors within user-specified time window.", kind: "gauge"}
	for _, reading := range found {
		times := map[int]int{}
		for _, xid := range reading.xids {
			times[xid]++
		}
		for _, xid := range slices.Sorted(maps.Keys(times)) {
			pairs := append(labels(reading), "window_size_in_ms", "300000", "xid", strconv.Itoa(xid))
			one.series = append(one.series, series{labels: pairs, value: float64(times[xid])})
		}
	}
	if one.series == nil {
		return nil
	}
	return []family{one}
}

// amd speaks as the device metrics exporter of ROCm does.
func amd(found []reading) []family {
	labels := func(one reading) []string {
		return append([]string{
			"gpu_id", strconv.Itoa(one.Index), "gpu_uuid", one.UUID, "serial_number", "simulated-" + one.node + "-" + strconv.Itoa(one.Index),
			"gpu_partition_id", "0", "card_model", one.Product, "card_vendor", "AMD", "driver_version", one.DriverVersion, "hostname", one.node,
		}, holders(one)...)
	}
	return table(found, labels,
		column{"gpu_gfx_activity", "Graphics engine usage percentage (0 - 100).", false, percent},
		column{"gpu_umc_activity", "Memory engine usage percentage (0 - 100).", false, func(one reading) float64 { return one.busy * 40 }},
		column{"gpu_junction_temperature", "Junction temperature in Celsius.", false, celsius},
		column{"gpu_package_power", "Package power in Watts.", false, watts},
		column{"gpu_ecc_uncorrect_total", "Total uncorrectable errors.", false, steady(0)},
		column{"gpu_health", "Health of the GPU (0 = unhealthy, 1 = healthy).", false, steady(1)},
		column{"gpu_total_vram", "Total VRAM in MB.", true, totalMiB},
		column{"gpu_used_vram", "Used VRAM in MB.", true, usedMiB},
	)
}

// intel speaks as the exporter of XPU Manager does; its ratios go from 0 to 1.
func intel(found []reading) []family {
	labels := func(one reading) []string {
		pairs := []string{
			"uuid", one.UUID, "dev_name", one.Product, "dev_file", "card" + strconv.Itoa(one.Index), "vendor", "Intel(R) Corporation",
			"pci_bdf", fmt.Sprintf("0000:%02x:00.0", one.Index+1), "node", one.node,
		}
		if one.holder.pod != "" {
			pairs = append(pairs, "kube_pod", one.holder.pod, "kube_namespace", one.holder.namespace, "kube_container", one.holder.container)
		}
		return pairs
	}
	return table(found, labels,
		column{"xpum_engine_ratio", "GPU active time of the elapsed time, per GPU tile.", false, func(one reading) float64 { return one.busy }},
		column{"xpum_temperature_celsius", "Avg GPU temperature (in Celsius degree).", false, celsius},
		column{"xpum_power_watts", "Avg GPU power (in watts).", false, watts},
		column{"xpum_memory_used_bytes", "Used GPU memory (in bytes).", true, func(one reading) float64 { return one.used }},
		column{"xpum_memory_ratio", "Used GPU memory / Total used GPU memory.", true, func(one reading) float64 { return one.used / max(one.total, 1) }},
	)
}

func holders(one reading) []string {
	return []string{"container", one.holder.container, "namespace", one.holder.namespace, "pod", one.holder.pod}
}

func holdersIfAny(one reading) []string {
	if one.holder.pod == "" {
		return nil
	}
	return holders(one)
}
