// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/options/option_rows.h>

#include <algorithm>
#include <array>

#include <vigil/sim/machine/machine_types.h>
#include <vigil/sim/options/cpu_model.h>
#include <vigil/sim/options/option_values.h>

namespace vigil::sim {

namespace {

using qmp_bridge::option_list;
using qmp_bridge::refuse;

failure on_accel(option_parser& p, const std::string& value)
{
    if (!asks_for_help(value)) return keep(p, "accel", value);
    p.result.text = "Accelerators supported in QEMU binary:\nqtest\ntcg\n"; // a heading that launchers know
    return k_fine;
}

failure on_no_acpi(option_parser& p, const std::string&) { return keep(p, "machine", "acpi=off"); }

failure on_machine(option_parser& p, const std::string& value)
{
    if (!asks_for_help(value)) return keep(p, "machine", value);
    p.machine_help = true;
    return k_fine;
}

failure on_qemu_version(option_parser& p, const std::string& value)
{
    p.version = parse_qemu_version(value);
    return p.version ? k_fine : refuse(quoted(value) + " is not a version that is stood in for; use 7.2, 10.0 or 11.1");
}

failure on_cpu(option_parser& p, const std::string& value)
{
    if (asks_for_help(value)) {
        p.result.text = cpus_text();
    } else {
        p.cpu = value;
        p.cpu_place = p.here;
    }
    return k_fine;
}

failure on_nodefaults(option_parser& p, const std::string&)
{
    p.nodefaults = true;
    return k_fine;
}

failure on_vga(option_parser& p, const std::string& value)
{
    p.no_vga = value == "none";
    return k_fine;
}

failure on_nic(option_parser& p, const std::string& value)
{
    p.no_nic = value == "none";
    return k_fine;
}

// Of several accelerators, which a colon separates, the first that works counts, and all work.
failure add_accelerators(option_parser& p, std::string_view names)
{
    const std::vector<std::string_view> known{"qtest", "tcg", "kvm", "hax", "hvf", "whpx", "nvmm", "xen"};
    for (bool more = true; more;) {
        const std::size_t colon = names.find(':');
        const std::string name(names.substr(0, colon));
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            return refuse("invalid accelerator " + name + suggestion(name, known));
        }
        p.accelerators.push_back(name);
        more = colon != std::string_view::npos;
        if (more) names.remove_prefix(colon + 1);
    }
    return k_fine;
}

failure take_machine_type(option_list& list, machine_config& config, qemu_version version)
{
    const auto type = list.take("type");
    if (!type) return k_fine;
    if (const machine_kind* kind = find_machine(*type, version)) {
        config.type = kind->type;
        config.name = kind->name;
        return k_fine;
    }
    for (const std::string_view other : {"isapc", "microvm", "x-remote"}) {
        if (*type == other) return refuse("machine type " + quoted(other) + " is not modelled; use pc, q35 or none");
    }
    std::vector<std::string_view> known;
    for (const machine_kind& one : machine_kinds(version)) {
        if (!one.alias.empty()) known.push_back(one.alias);
        known.push_back(one.name);
    }
    return refuse("unsupported machine type " + quoted(*type) + suggestion(*type, known));
}

failure take_memory_split(option_list& list, machine_config& config)
{
    constexpr std::uint64_t k_four_gibibytes = 4ULL * 1024 * 1024 * 1024;
    const auto text = list.take("max-ram-below-4g");
    if (!text) return k_fine;
    const auto bytes = parse_size(*text, 0);
    if (!bytes) return refuse("Parameter 'max-ram-below-4g' expects a size, as in 2G, not " + quoted(*text));
    if (*bytes == 0 || *bytes > k_four_gibibytes) {
        return refuse("Machine option 'max-ram-below-4g=" + std::to_string(*bytes) +
                      "' expects size less than or equal to 4G, and not 0");
    }
    config.max_ram_below_4g = *bytes;
    return k_fine;
}

// A key that is on, off or, which means on, auto.
failure take_automatic(option_list& list, const char* key, bool& value)
{
    const auto text = list.take(key);
    if (!text) return k_fine;
    if (*text != "on" && *text != "off" && *text != "auto") {
        return refuse("Parameter '" + std::string(key) + "' does not accept value " + quoted(*text) +
                      "; use on, off or auto");
    }
    value = *text != "off";
    return k_fine;
}

// What the chipset has; an empty machine knows none of these keys.
failure take_chipset(option_list& list, machine_config& config)
{
    if (config.type == machine_type::none) {
        // Nor does it when they were said of another machine before.
        const char* const said = !config.acpi ? "acpi" : !config.smm ? "smm" : !config.i8042 ? "i8042" : nullptr;
        if (said == nullptr) return k_fine;
        return refuse("Property '" + config.name + "-machine." + said + "' not found");
    }
    if (auto error = take_automatic(list, "acpi", config.acpi)) return error;
    if (auto error = take_automatic(list, "smm", config.smm)) return error;
    auto keyboard = list.take_switch("i8042", config.i8042);
    if (!keyboard) return std::move(keyboard).why();
    config.i8042 = *keyboard;
    return k_fine;
}

// Keys of -machine that are known in QEMU, without a meaning here.
constexpr option_key k_inert_keys[] = {
    {"usb", key_kind::boolean},
    {"graphics", key_kind::boolean},
    {"hpet", key_kind::boolean},
    {"pit", key_kind::boolean},
    {"dump-guest-core", key_kind::boolean},
    {"mem-merge", key_kind::boolean},
    {"smbus", key_kind::boolean},
    {"sata", key_kind::boolean},
    {"nvdimm", key_kind::boolean},
    {"hmat", key_kind::boolean},
    {"cxl", key_kind::boolean},
    {"fd-bootchk", key_kind::boolean},
    {"igd-passthru", key_kind::boolean},
    {"suppress-vmdesc", key_kind::boolean},
    {"default-bus-bypass-iommu", key_kind::boolean},
    {"vmport"},
    {"kernel_irqchip"},
    {"kernel-irqchip"},
    {"memory-backend"},
    {"memory-encryption"},
    {"confidential-guest-support"},
    {"kernel"},
    {"initrd"},
    {"append"},
    {"dtb"},
    {"firmware"},
    {"dt-compatible"},
    {"phandle-start"},
    {"dumpdtb"},
    {"pflash0"},
    {"pflash1"},
    {"pcspk-audiodev"},
    {"max-fw-size"},
    {"nvdimm-persistence"},
    {"oem-id"},
    {"oem-table-id"},
    {"x-oem-id"},
    {"x-oem-table-id"},
    {"smbios-entry-point-type"},
    {"bus-lock-ratelimit"},
    {"kvm-shadow-mem"},
};

failure take_inert_keys(option_list& list)
{
    for (const option_key& key : k_inert_keys) {
        if (key.kind != key_kind::boolean) {
            list.take(key.name);
        } else if (auto error = check_switch(list, key.name)) {
            return error;
        }
    }
    return k_fine;
}

constexpr std::uint32_t k_most_cpus = 255;

// Works out what was not given, sockets first where `prefer_sockets` (machines before 6.2), otherwise cores.
void complete(cpu_topology& t, bool prefer_sockets)
{
    const auto at_least_one = [](std::uint32_t& number) { number = std::max(number, 1U); };
    at_least_one(t.dies);
    at_least_one(t.clusters);
    if (t.cpus == 0 && t.maxcpus == 0) {
        for (std::uint32_t* one : {&t.sockets, &t.cores, &t.threads}) at_least_one(*one);
    } else {
        if (t.maxcpus == 0) t.maxcpus = t.cpus;
        std::uint32_t& first = prefer_sockets ? t.sockets : t.cores;
        std::uint32_t& second = prefer_sockets ? t.cores : t.sockets;
        const auto fill = [&t](std::uint32_t& missing) {
            missing = 1;
            missing = static_cast<std::uint32_t>(t.maxcpus / t.product());
        };
        if (first == 0) {
            at_least_one(second);
            at_least_one(t.threads);
            fill(first);
        } else if (second == 0) {
            at_least_one(t.threads);
            fill(second);
        }
        if (t.threads == 0) fill(t.threads);
    }
    if (t.maxcpus == 0) t.maxcpus = static_cast<std::uint32_t>(std::min<std::uint64_t>(t.product(), 0xFFFF'FFFF));
    if (t.cpus == 0) t.cpus = t.maxcpus;
}

failure check_topology(const cpu_topology& t, const std::string& machine)
{
    const auto is = [](const char* name, std::uint32_t number) {
        return std::string(name) + " (" + std::to_string(number) + ")";
    };
    if (t.product() != t.maxcpus) {
        return refuse("Invalid CPU topology: product of the hierarchy must match maxcpus: " + is("sockets", t.sockets) +
                      " * " + is("dies", t.dies) + " * " + is("cores", t.cores) + " * " + is("threads", t.threads) +
                      " != " + is("maxcpus", t.maxcpus));
    }
    if (t.maxcpus < t.cpus) {
        return refuse("Invalid CPU topology: maxcpus must be equal to or greater than smp: " +
                      is("maxcpus", t.maxcpus) + " < " + is("smp_cpus", t.cpus));
    }
    if (t.maxcpus > k_most_cpus) {
        return refuse("Invalid SMP CPUs " + std::to_string(t.maxcpus) + ". The max CPUs supported by machine '" +
                      machine + "' is " + std::to_string(k_most_cpus));
    }
    return k_fine;
}

constexpr option_row k_machine_options[] = {
    {"machine", "TYPE[,PROPERTY=VALUE...]",
     "pc (default), q35, a version of them (help lists all) or none; accel=NAME as with -accel; max-ram-below-4g=SIZE; "
     "acpi=off: a pc has no power block; smm=off: power management is ACPI's from the start; i8042=off: no keyboard "
     "controller and no port 92",
     on_machine, "machine"},
    {"M", "TYPE[,PROPERTY=VALUE...]", "same as -machine", on_machine},
    {"qemu-version", "VERSION",
     "stand in for that version of QEMU: 7.2, 10.0 or 11.1, in behaviour and in the words of QMP, for which "
     "-qmp-schema "
     "counts where it is given; by default the behaviour is 7.2's",
     on_qemu_version},
    {"no-acpi", "", "same as -machine acpi=off", on_no_acpi},
    {"accel", "NAME", "qtest: time is driven by clock_step, unless -clock says otherwise; others are as tcg", on_accel,
     "accel"},
    {"m", "SIZE", "guest RAM, MiB or with a suffix K M G T (default 128)", nullptr, "memory"},
    {"nodefaults", "", "leave out the VGA and network adapters, whose slots stay reserved otherwise", on_nodefaults},
    {"cpu", "MODEL[,hv-crash=on]", "the CPUs have the Hyper-V crash MSRs; nothing else of the model has a meaning here",
     on_cpu},
    {"smp", "N", "how many CPUs a test may name with rdmsr and wrmsr (default 1); sockets=, cores= … must match it",
     nullptr, "smp-opts"},
    {"vga", "TYPE", "none frees the VGA adapter's slot; no adapter is modelled", on_vga},
    {"nic", "TYPE", "none frees the network adapter's slot; no adapter is modelled", on_nic, "nic"},
    {"net", "TYPE", "same as -nic", on_nic, "net"},
};

} // namespace

std::vector<option_key> machine_keys()
{
    std::vector<option_key> all{{"type"}, {"accel"}, {"max-ram-below-4g", key_kind::size},
                                {"acpi"}, {"smm"},   {"i8042", key_kind::boolean}};
    all.insert(all.end(), std::begin(k_inert_keys), std::end(k_inert_keys));
    return all;
}

failure resolve_machine(option_parser& p, option_entry& entry)
{
    machine_config& config = p.result.machine;
    if (auto error = take_machine_type(entry.values, config, p.result.version)) return error;
    if (const auto names = entry.values.take("accel")) {
        p.machine_accelerated = true;
        p.accelerators.clear(); // what later ones say counts
        if (auto error = add_accelerators(p, *names)) return error;
    }
    if (auto error = take_memory_split(entry.values, config)) return error;
    if (auto error = take_chipset(entry.values, config)) return error;
    if (auto error = take_inert_keys(entry.values)) return error;
    if (const auto key = entry.values.unknown_key()) {
        return refuse("Property '" + config.name + "-machine." + *key + "' not found");
    }
    return k_fine;
}

failure resolve_accelerator(option_parser& p, option_entry& entry)
{
    option_list& list = entry.values;
    for (const char* meaningless :
         {"thread", "tb-size", "kernel-irqchip", "kernel_irqchip", "one-insn-per-tb", "split-wx", "igd-passthru",
          "kvm-shadow-mem", "dirty-ring-size", "notify-vmexit", "notify-window"}) {
        list.take(meaningless);
    }
    const std::string name = list.take("accel").value_or("");
    if (auto error = unknown_parameter(list)) return error;
    if (p.machine_accelerated) return refuse("The -accel and \"-machine accel=\" options are incompatible");
    return add_accelerators(p, name);
}

failure resolve_cpu(option_parser& p)
{
    const auto& all = p.accelerators;
    const bool accelerated =
        std::any_of(all.begin(), all.end(), [](const std::string& one) { return one == "kvm" || one == "hvf"; });
    auto parsed = parse_cpu(p.cpu, accelerated);
    if (!parsed) return refuse_at(p, p.cpu_place, parsed.why().text);
    cpu_choice& choice = *parsed;
    p.cpu_model = choice.model;
    p.cpu_names_crash = choice.names_hyperv_crash;
    p.result.machine.hyperv_crash = choice.hyperv_crash;
    for (std::string& one : choice.warnings) p.result.warn(std::move(one));
    return k_fine;
}

failure resolve_cpus(option_parser& p, option_entry& entry)
{
    constexpr std::uint32_t k_most = 65535;
    cpu_topology& t = p.topology;
    const std::pair<std::string_view, std::uint32_t*> numbers[] = {
        {"cpus", &t.cpus},   {"sockets", &t.sockets}, {"dies", &t.dies},      {"clusters", &t.clusters},
        {"cores", &t.cores}, {"threads", &t.threads}, {"maxcpus", &t.maxcpus}};
    bool zero = false;
    for (const auto& [key, number] : numbers) {
        const auto text = entry.values.take(key);
        if (!text) continue;
        const std::uint32_t most = key == "cpus" ? k_most_cpus : k_most;
        const auto given = parse_number(*text, most);
        if (!given) {
            return refuse("Parameter " + quoted(key) + " expects a number from 1 to " + std::to_string(most) +
                          ", not " + quoted(*text));
        }
        if (*given == 0) zero = true;
        *number = *given; // zero is as if it were not given
    }
    constexpr const char* k_no_zero = "CPU topology parameters must be greater than zero";
    if (zero && p.behaviour.topology_above_zero) return refuse(std::string("Invalid CPU topology: ") + k_no_zero);
    if (zero) {
        p.result.warn(std::string("warning: Deprecated CPU topology (considered invalid): ") + k_no_zero);
    }
    if (const auto key = entry.values.unknown_key()) {
        return refuse("Parameter 'smp." + *key + "' is unexpected");
    }
    p.smp_place = entry.place;
    return k_fine;
}

failure resolve_topology(option_parser& p)
{
    const std::string& machine = p.result.machine.name;
    if (p.topology.clusters > 1) {
        return refuse_at(p, p.smp_place, "clusters not supported by this machine's CPU topology");
    }
    complete(p.topology, is_older(machine, {6, 2})); // which meant sockets rather than cores
    if (auto error = check_topology(p.topology, machine)) return refuse_at(p, p.smp_place, error->text);
    p.result.machine.cpus = p.topology.cpus;
    return k_fine;
}

failure resolve_memory(option_parser& p, option_entry& entry)
{
    constexpr std::uint64_t most = 1ULL << 40;
    option_list& list = entry.values;
    list.take("slots");
    list.take("maxmem");
    const auto text = list.take("size");
    if (auto error = unknown_parameter(list)) return error;
    if (!text) return k_fine;
    const auto size = parse_size(*text);
    if (!size || *size == 0 || *size > most) {
        return refuse("Parameter 'size' expects a size from 1B to 1T, as in -m 128 (MiB) or -m 1G, not " +
                      quoted(*text));
    }
    p.result.machine.ram_bytes = *size;
    return k_fine;
}

failure resolve_boot_order(option_parser&, option_entry& entry)
{
    option_list& list = entry.values;
    for (const char* key : {"order", "once"}) {
        const std::string drives = list.take(key).value_or("");
        for (std::size_t i = 0; i < drives.size(); ++i) {
            const std::string drive(1, drives[i]);
            if (drives[i] < 'a' || drives[i] > 'p') return refuse("Invalid boot device " + quoted(drive));
            if (drives.find(drives[i]) != i) return refuse("Boot device " + quoted(drive) + " was given twice");
        }
    }
    for (const char* key : {"menu", "strict"}) {
        if (auto error = check_switch(list, key)) return error;
    }
    for (const char* key : {"splash-time", "reboot-timeout"}) {
        const auto text = list.take(key);
        if (text && !parse_uint64(*text)) return refuse("Parameter " + quoted(key) + " expects a number");
    }
    list.take("splash");
    if (const auto key = list.unknown_key()) return refuse("Parameter 'boot." + *key + "' is unexpected");
    return k_fine;
}

failure resolve_nic(option_parser& p, option_entry& entry)
{
    p.no_nic = entry.values.take("type") == "none";
    return k_fine;
}

option_group machine_options() noexcept { return {"The machine", k_machine_options}; }

} // namespace vigil::sim
