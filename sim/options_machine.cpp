// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/option_rows.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>

#include <vigil/qmp-bridge/json.h>
#include <vigil/sim/option_values.h>

namespace vigil::sim {

namespace {

using qmp_bridge::option_error;
using qmp_bridge::option_list;

failure parse_accelerator(option_parser& p, const std::string& name)
{
    const std::vector<std::string_view> known{"qtest", "tcg", "kvm", "hax", "hvf", "whpx", "nvmm", "xen"};
    if (std::find(known.begin(), known.end(), name) == known.end()) {
        return option_error{"invalid accelerator " + name + suggestion(name, known)};
    }
    // Of several, the first that works counts, and all work.
    if (!p.accelerator_named) p.qtest_accelerator = name == "qtest";
    p.accelerator_named = true;
    return k_fine;
}

bool asks_for_help(const std::string& value) { return value == "help" || value == "?"; }

failure on_accel(option_parser& p, const std::string& value)
{
    if (asks_for_help(value)) {
        p.result.text = "Accelerators supported in QEMU binary:\nqtest\ntcg\n"; // a heading that launchers know
        return k_fine;
    }
    option_list list = option_list::parse(value, "accel");
    for (const char* meaningless : {"thread", "tb-size", "kernel-irqchip", "one-insn-per-tb"}) list.take(meaningless);
    if (auto error = parse_accelerator(p, list.take("accel").value_or(""))) return error;
    return unknown_parameter(list);
}

// A property that is on, off or, which means on, auto.
failure parse_automatic(option_list& list, const char* name, bool& value)
{
    const auto text = list.take(name);
    if (!text) return k_fine;
    if (*text != "on" && *text != "off" && *text != "auto") {
        return option_error{"Parameter '" + std::string(name) + "' does not accept value " + quoted(*text) +
                            "; use on, off or auto"};
    }
    value = *text != "off";
    return k_fine;
}

// The properties of a machine that say what its chipset has.
failure parse_chipset(option_list& list, machine_config& machine)
{
    if (auto error = parse_automatic(list, "acpi", machine.acpi)) return error;
    if (auto error = parse_automatic(list, "smm", machine.power_block.smm)) return error;
    auto keyboard = list.take_switch("i8042", machine.i8042);
    if (auto* error = std::get_if<option_error>(&keyboard)) return std::move(*error);
    machine.i8042 = std::get<bool>(keyboard);
    return k_fine;
}

// An empty machine has nothing to leave out.
failure check_chipset(const machine_config& machine)
{
    if (machine.type != machine_type::none) return k_fine;
    const char* const missing = !machine.acpi              ? "acpi"
                                : !machine.power_block.smm ? "smm"
                                : !machine.i8042           ? "i8042"
                                                           : nullptr;
    if (missing == nullptr) return k_fine;
    return option_error{"Property 'none-machine." + std::string(missing) + "' not found"};
}

failure on_no_acpi(option_parser& p, const std::string&)
{
    p.result.machine.acpi = false;
    return check_chipset(p.result.machine);
}

failure on_machine(option_parser& p, const std::string& value)
{
    if (asks_for_help(value)) {
        p.result.text = "Supported machines are:\n"
                        "none                 empty machine\n"
                        "pc                   Standard PC (i440FX + PIIX, 1996) (alias of pc-i440fx-7.2)\n"
                        "pc-i440fx-7.2        Standard PC (i440FX + PIIX, 1996) (default)\n"
                        "q35                  Standard PC (Q35 + ICH9, 2009) (alias of pc-q35-7.2)\n"
                        "pc-q35-7.2           Standard PC (Q35 + ICH9, 2009)\n";
        return k_fine;
    }
    option_list list = option_list::parse(value, "type");
    if (const auto accelerators = list.take("accel")) {
        if (auto error = parse_accelerator(p, accelerators->substr(0, accelerators->find(':')))) return error;
    }
    for (const char* meaningless : {"usb", "graphics", "hpet", "pit", "vmport", "kernel_irqchip", "kernel-irqchip",
                                    "dump-guest-core", "mem-merge", "memory-backend", "smbus", "sata"}) {
        list.take(meaningless);
    }
    if (auto error = parse_chipset(list, p.result.machine)) return error;
    const auto type = list.take("type");
    if (auto error = unknown_parameter(list)) return error;
    if (!type) return check_chipset(p.result.machine);
    const std::vector<std::string_view> known{"pc", "pc-i440fx-7.2", "q35", "pc-q35-7.2", "none"};
    if (*type == "pc" || *type == "pc-i440fx-7.2") {
        p.result.machine.type = machine_type::pc;
    } else if (*type == "q35" || *type == "pc-q35-7.2") {
        p.result.machine.type = machine_type::q35;
    } else if (*type == "none") {
        p.result.machine.type = machine_type::none;
    } else {
        return option_error{"unsupported machine type " + quoted(*type) + suggestion(*type, known)};
    }
    return check_chipset(p.result.machine);
}

// Takes the property `name` into `value`, where the driver has it and it was given.
template <class Number>
failure parse_property(option_list& list, const device_driver& driver, std::string_view name,
                       std::optional<Number>& value)
{
    if (std::find(driver.properties.begin(), driver.properties.end(), name) == driver.properties.end()) return k_fine;
    const auto text = list.take(name);
    if (!text) return k_fine;
    constexpr std::uint32_t most = std::numeric_limits<Number>::max();
    const auto number = parse_number(*text, most);
    if (!number) {
        return option_error{"Property '" + std::string(driver.name) + "." + std::string(name) +
                            "' doesn't take value " + quoted(*text) + "; use a number from 0 to " +
                            std::to_string(most)};
    }
    value = static_cast<Number>(*number);
    return k_fine;
}

// A -device written as a JSON object, as the same list that the other spelling gives.
std::variant<option_list, option_error> device_from_json(const std::string& text)
{
    qmp_bridge::json_reader reader;
    reader.feed(text);
    reader.feed("\n"); // ends a number or a word
    const auto item = reader.next();
    const auto* value = item ? std::get_if<qmp_bridge::json::value>(&*item) : nullptr;
    if (value == nullptr || !value->is_object() || reader.next()) {
        return option_error{"must be DRIVER[,PROPERTY=VALUE...] or one JSON object"};
    }
    option_list list;
    for (const auto& member : value->get_object()) {
        const std::string key(member.key());
        const qmp_bridge::json::value& given = member.value();
        std::string as_text;
        if (given.is_string()) {
            as_text.assign(given.get_string().data(), given.get_string().size());
        } else if (given.is_bool()) {
            as_text = given.get_bool() ? "on" : "off";
        } else if (given.is_int64() && key == "addr") { // as a number, it is the slot and the function in one
            char place[32];
            std::snprintf(place, sizeof place, "%llx.%llx", static_cast<unsigned long long>(given.get_int64()) >> 3,
                          static_cast<unsigned long long>(given.get_int64()) & 7);
            as_text = place;
        } else if (given.is_int64()) {
            as_text = std::to_string(given.get_int64());
        } else {
            return option_error{"Invalid parameter type for " + quoted(key) +
                                ", expected: a string, a number or a boolean"};
        }
        list.add(key, as_text);
    }
    return list;
}

// Known in QEMU, without a meaning here, and without a place of their own on a bus.
constexpr std::array<std::string_view, 3> k_inert_devices{"isa-serial", "isa-parallel", "isa-debugcon"};

// The properties of a driver, one a line.
std::string properties_text(const device_driver& driver)
{
    std::string text = std::string(driver.name) + " options:\n  id=<str>\n";
    if (driver.pci) text += "  addr=<SLOT[.FUNCTION], hexadecimal>\n";
    for (const std::string_view one : driver.properties) text += "  " + std::string(one) + "=<number>\n";
    return text;
}

failure on_device(option_parser& p, const std::string& value)
{
    if (asks_for_help(value)) {
        std::string text;
        for (const device_driver& row : device_drivers()) {
            text += "name \"" + std::string(row.name) + "\", bus " + (row.pci ? "PCI" : "ISA") + "\n";
        }
        p.result.text = std::move(text);
        return k_fine;
    }
    auto parsed = value.empty() || value.front() != '{'
                      ? std::variant<option_list, option_error>(option_list::parse(value, "driver"))
                      : device_from_json(value);
    if (auto* error = std::get_if<option_error>(&parsed)) return std::move(*error);
    option_list& list = std::get<option_list>(parsed);
    device_request request;
    request.driver = list.take("driver").value_or("");
    if (std::find(k_inert_devices.begin(), k_inert_devices.end(), request.driver) != k_inert_devices.end()) {
        return k_fine;
    }
    const device_driver* driver = nullptr;
    std::vector<std::string_view> known;
    for (const device_driver& row : device_drivers()) {
        known.push_back(row.name);
        if (row.name == request.driver) driver = &row;
    }
    if (driver == nullptr) {
        return option_error{quoted(request.driver) + " is not a valid device model name" +
                            suggestion(request.driver, known)};
    }
    if (list.take("help") || list.take("?")) {
        p.result.text = properties_text(*driver);
        return k_fine;
    }
    request.id = list.take("id");
    for (const device_request& other : p.result.machine.devices) {
        if (request.id && other.id == request.id) return option_error{"Duplicate ID '" + *request.id + "' for device"};
    }
    if (driver->pci) {
        if (const auto address = list.take("addr")) {
            request.address = parse_pci_address(*address);
            if (!request.address) {
                return option_error{"Property '" + request.driver + ".addr' doesn't take value " + quoted(*address) +
                                    "; use SLOT or SLOT.FUNCTION, hexadecimal, as in addr=1d.4"};
            }
        }
        if (const auto bus = list.take("bus"); bus && *bus != "pci.0" && *bus != "pcie.0") {
            return option_error{"Bus " + quoted(*bus) + " not found"};
        }
    }
    if (auto error = parse_property(list, *driver, "ioport", request.ioport)) return error;
    if (auto error = parse_property(list, *driver, "events", request.events)) return error;
    if (const auto key = list.unknown_key()) {
        return option_error{"Property '" + request.driver + "." + *key + "' not found"};
    }
    p.result.machine.devices.push_back(std::move(request));
    return k_fine;
}

failure on_cpu(option_parser& p, const std::string& value)
{
    if (asks_for_help(value)) {
        p.result.text = "Available CPUs:\n  any name; of its features, hv-crash alone has a meaning here\n";
        return k_fine;
    }
    // The model and its other features have no meaning here.
    option_list list = option_list::parse(value, "model");
    auto crash = list.take_switch("hv-crash", false);
    if (auto* error = std::get_if<option_error>(&crash)) return *error;
    p.result.machine.hyperv_crash = std::get<bool>(crash) || list.take("+hv-crash").has_value();
    if (list.take("-hv-crash")) p.result.machine.hyperv_crash = false;
    return k_fine;
}

failure on_smp(option_parser& p, const std::string& value)
{
    constexpr std::uint32_t most = 255;
    option_list list = option_list::parse(value, "cpus");
    const std::string text = list.take("cpus").value_or("1");
    const auto count = parse_number(text, most);
    if (!count || *count == 0) {
        return option_error{"Parameter 'cpus' expects a number from 1 to " + std::to_string(most) + ", not " +
                            quoted(text)};
    }
    for (const char* meaningless : {"sockets", "dies", "clusters", "cores", "threads", "maxcpus"})
        list.take(meaningless);
    p.result.machine.cpus = *count;
    return unknown_parameter(list);
}

failure on_memory(option_parser& p, const std::string& value)
{
    constexpr std::uint64_t most = 1ULL << 40;
    option_list list = option_list::parse(value, "size");
    const auto size = parse_size(list.take("size").value_or(""));
    list.take("slots");
    list.take("maxmem");
    if (!size || *size == 0 || *size > most) {
        return option_error{"Parameter 'size' expects a size from 1B to 1T, as in -m 128 (MiB) or -m 1G, not " +
                            quoted(value)};
    }
    p.result.machine.ram_bytes = *size;
    return unknown_parameter(list);
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

constexpr option_row k_rows[] = {
    {"machine", "TYPE[,PROPERTY=VALUE...]",
     "pc (default), q35 or none; accel=NAME as with -accel; acpi=off: a pc has no power block; smm=off: power "
     "management "
     "is ACPI's from the start; i8042=off: no keyboard controller and no port 92",
     on_machine},
    {"M", "TYPE[,PROPERTY=VALUE...]", "same as -machine", on_machine},
    {"no-acpi", "", "same as -machine acpi=off", on_no_acpi},
    {"accel", "NAME", "qtest: time is driven by clock_step, unless -clock says otherwise; others are as tcg", on_accel},
    {"m", "SIZE", "guest RAM, MiB or with a suffix K M G T (default 128)", on_memory},
    {"nodefaults", "", "leave out the VGA and network adapters, whose slots stay reserved otherwise", on_nodefaults},
    {"device", "DRIVER[,PROPERTY=VALUE...]",
     "add a device, so or as a JSON object: i6300esb, pvpanic-pci (addr=SLOT[.FN], hexadecimal), ib700, pvpanic "
     "(ioport=N); id=ID; pvpanics: events=N. isa-serial, isa-parallel and isa-debugcon are accepted without effect",
     on_device},
    {"cpu", "MODEL[,hv-crash=on]", "the CPUs have the Hyper-V crash MSRs; nothing else of the model has a meaning here",
     on_cpu},
    {"smp", "N", "how many CPUs a test may name with rdmsr and wrmsr (default 1)", on_smp},
    {"vga", "TYPE", "none frees the VGA adapter's slot; no adapter is modelled", on_vga},
    {"nic", "TYPE", "none frees the network adapter's slot; no adapter is modelled", on_nic},
    {"net", "TYPE", "same as -nic", on_nic},
};

} // namespace

option_group machine_options() noexcept { return {"The machine", k_rows}; }

} // namespace vigil::sim
