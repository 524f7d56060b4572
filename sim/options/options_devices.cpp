// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/options/option_rows.h>

#include <algorithm>
#include <cctype>

#include <vigil/qmp-bridge/json/json.h>
#include <vigil/sim/devices.h>
#include <vigil/sim/options/cpu_model.h>
#include <vigil/sim/options/option_values.h>

namespace vigil::sim {

namespace {

using qmp_bridge::option_list;
using qmp_bridge::refuse;
namespace json = qmp_bridge::json;

const std::string k_no_driver = "Parameter 'driver' is missing";

std::string devices_text()
{
    std::string text;
    for (const device_row* row : device_rows()) {
        if (row->make == nullptr) continue;
        text += "name \"" + std::string(row->name) + "\", bus " + std::string(bus_word(row->bus));
        if (!row->alias.empty()) text += ", alias \"" + std::string(row->alias) + "\"";
        text += row->is_inert ? ", desc \"inert: found on its bus, without a function\"\n" : "\n";
    }
    return text;
}

runstate::result<const device_row*> pluggable_row(const std::string& driver)
{
    const device_row* row = find_device_row(driver);
    if (row != nullptr && row->make == nullptr) return refuse("Parameter 'driver' expects a pluggable device type");
    if (row != nullptr) return row;
    std::vector<std::string_view> known;
    for (const device_row* one : device_rows()) {
        if (one->make != nullptr) known.push_back(one->name);
    }
    return refuse(quoted(driver) + " is not a valid device model name" + suggestion(driver, known));
}

// A value of that property: text, or a JSON value; `how` is what `parse_property` wants beside it.
template <class Given, class... How>
runstate::result<device_value> value_for(const option_parser& p, const device_row& row, std::string_view name,
                                         const Given& given, How... how)
{
    const auto property = settable_property(row, name, p.behaviour);
    if (!property) return property.why();
    return parse_property(row.name, **property, given, how...);
}

std::string spelt(const property_default& one) { return one.driver + "." + one.property + "=" + one.value; }

// Gives `values` the defaults that -global sets for a device of that row, or says which one it cannot have.
failure take_defaults(option_parser& p, const device_row& row, property_values& values)
{
    for (const property_default& one : p.store.defaults()) {
        if (one.driver != row.name && one.driver != parent_type(row.bus) && one.driver != "device") continue;
        const std::string cannot = "can't apply global " + spelt(one) + ": ";
        auto value = value_for(p, row, one.property, std::string_view(one.value), "uint64");
        if (!value) return refuse(cannot + value.why().text);
        values.set(one.property, *std::move(value));
    }
    return k_fine;
}

std::string text_member(const json::object& object, std::string_view key)
{
    const json::value* value = object.if_contains(key);
    if (value == nullptr || !value->is_string()) return {};
    return std::string(qmp_bridge::as_view(value->get_string()));
}

failure take_json(const option_parser& p, const json::object& object, const device_row& row, device_request& request)
{
    for (const auto& member : object) {
        const std::string key(member.key());
        if (key == "driver") continue;
        if (key == "id" || key == "bus") {
            const bool is_text = member.value().is_string();
            if (is_text) (key == "id" ? request.id : request.bus) = text_member(object, key);
            continue;
        }
        auto value = value_for(p, row, key, member.value());
        if (!value) return std::move(value).why();
        request.values.set(key, *std::move(value));
    }
    return k_fine;
}

failure take_list(const option_parser& p, const option_list& list, const device_row& row, device_request& request)
{
    for (const auto& [key, text] : list.entries()) {
        if (key == "driver") continue;
        if (key == "bus") {
            request.bus = text;
            continue;
        }
        auto value = value_for(p, row, key, std::string_view(text));
        if (!value) return std::move(value).why();
        request.values.set(key, *std::move(value));
    }
    return k_fine;
}

// A device's id, which no other device has, nor any property of where devices are kept.
failure check_device_id(const option_parser& p, const std::string& id)
{
    for (const device_request& other : p.result.machine.devices) {
        if (other.id == id) return refuse("Duplicate device ID " + quoted(id));
    }
    if (id == "type") return refuse("Duplicate device ID 'type'");
    if (p.behaviour.renewed_options && !is_identifier(id)) return refuse("Invalid qdev ID " + quoted(id));
    return k_fine;
}

failure on_json_device(option_parser& p, const std::string& value)
{
    auto item = qmp_bridge::parse_json(value, json_errors_of(p.behaviour));
    if (const auto* wrong = std::get_if<qmp_bridge::json_error>(&item)) return refuse(wrong->text);
    json::value& given = std::get<json::value>(item);
    if (!given.is_object()) return refuse("must be DRIVER[,PROPERTY=VALUE...] or one JSON object");
    if (text_member(given.get_object(), "driver").empty()) return refuse(k_no_driver);
    p.store.add_json("device", std::move(given.get_object()), p.here);
    return k_fine;
}

failure on_device(option_parser& p, const std::string& value)
{
    if (asks_for_help(value)) {
        p.result.text = devices_text();
        return k_fine;
    }
    if (!value.empty() && value.front() == '{') return on_json_device(p, value);
    option_list look = option_list::parse(value, "driver");
    if (!look.take("help") && !look.take("?")) return keep(p, "device", value);
    const auto driver = look.take("driver");
    if (!driver) return refuse(k_no_driver);
    const auto found = pluggable_row(*driver);
    if (!found) return found.why();
    p.result.text = device_help(**found, p.behaviour);
    return k_fine;
}

failure on_set(option_parser& p, const std::string& value) { return p.store.set(value); }

failure on_global(option_parser& p, const std::string& value) { return p.store.add_default(value); }

failure on_readconfig(option_parser& p, const std::string& value)
{
    auto content = p.read_config(value);
    if (!content) return std::move(content).why();
    p.result.configurations.push_back(*std::move(content));
    return p.store.read_config(value, p.result.configurations.back(), p.here);
}

// A device that the machine has in QEMU and that is not modelled, so far as -global can speak of it.
struct board_device {
    std::string_view name;
    std::string_view properties;                                        ///< by their names, a space between two
    bool (*accepts)(std::string_view property, std::string_view value); ///< null: any value
};

bool accepts_tick_policy(std::string_view property, std::string_view value)
{
    return property != "lost_tick_policy" || value == "discard" || value == "delay" || value == "slew";
}

bool accepts_switch(std::string_view property, std::string_view value)
{
    const bool is_switch = property == "msi" || property == "kbd-throttle" || property == "extended-state";
    return !is_switch || qmp_bridge::parse_switch(value).has_value();
}

constexpr board_device k_board[] = {
    {"mc146818rtc", "base_year iobase irq lost_tick_policy", accepts_tick_policy},
    {"i8042", "extended-state kbd-throttle kbd-irq mouse-irq", accepts_switch},
    {"hpet", "timers msi hpet-intcap hpet-offset-saved", accepts_switch},
    {"port92", "", nullptr},
    {"fw_cfg", "", nullptr},
    {"fw_cfg_io", "dma_enabled x-file-slots acpi-mr-restore", nullptr},
    {"isa-pcspk", "audiodev iobase migrate", nullptr},
};

// Classes of QEMU's devices, or what their names begin with, of which nothing is here.
constexpr std::string_view k_other_classes[] = {
    "virtio-",      "vhost-",       "usb-",          "pcie-",     "pci-bridge",
    "pci-serial",   "ide-",         "scsi-",         "isa-",      "vfio-",
    "e1000",        "rtl8139",      "ne2k_",         "nvme",      "megasas",
    "qxl",          "cirrus-",      "bochs-",        "ich9-",     "piix3-",
    "piix4-",       "ich9-intel",   "intel-",        "hda-",      "kvm-",
    "ioapic",       "apic",         "floppy",        "pvscsi",    "vmxnet3",
    "tpm-",         "ccid-",        "nec-usb",       "qemu-xhci", "ipmi-",
    "pc-dimm",      "nvdimm",       "edu",           "ivshmem-",  "sd-card",
    "sdhci-",       "cfi.pflash01", "amd-iommu",     "AC97",      "ES1370",
    "lsi",          "mptsas",       "i82",           "pcnet",     "tulip",
    "x3130-",       "ioh3420",      "vmcoreinfo",    "vmgenid",   "loader",
    "guest-loader", "smbus-",       "q35-pcihost",   "pxb",       "cxl-",
    "rocker",       "ati-vga",      "secondary-vga", "VGA",       "memory-backend-",
    "kvmvapic",     "vmmouse",      "vmport",        "migration"};

// Of those, what is never plugged in: QEMU says so where there is none.
constexpr std::string_view k_fixed_classes[] = {"VGA", "cirrus-vga", "ati-vga", "isa-vga", "piix3-ide", "piix4-ide"};

bool names_class(std::string_view driver)
{
    const auto begins = [&](std::string_view start) { return driver.substr(0, start.size()) == start; };
    for (const std::string_view one :
         {"device", "pci-device", "isa-device", "cpu", "x86_64-cpu", "i440FX", "mch", "PIIX3", "sys-bus-device"}) {
        if (driver == one) return true;
    }
    for (const board_device& one : k_board) {
        if (driver == one.name) return true;
    }
    const std::string_view cpu = "-x86_64-cpu";
    if (driver.size() > cpu.size() && driver.substr(driver.size() - cpu.size()) == cpu) return true;
    return std::any_of(std::begin(k_other_classes), std::end(k_other_classes), begins) ||
           find_device_row(driver) != nullptr;
}

bool has_word(std::string_view words, std::string_view word)
{
    const std::string padded = " " + std::string(words) + " ";
    return padded.find(" " + std::string(word) + " ") != std::string::npos;
}

// What is wrong with a default for a device of the board that is not modelled.
failure check_board(const property_default& one)
{
    for (const board_device& device : k_board) {
        if (one.driver != device.name) continue;
        if (!has_word(device.properties, one.property)) {
            return refuse("Property '" + one.driver + "." + one.property + "' not found");
        }
        if (device.accepts != nullptr && !device.accepts(one.property, one.value)) {
            const bool is_switch = one.property != "lost_tick_policy";
            return refuse("Parameter " + quoted(one.property) +
                          (is_switch ? " expects 'on' or 'off'" : " does not accept value " + quoted(one.value)));
        }
    }
    return k_fine;
}

// What is wrong with a default for a class that every machine has an instance of: the first one made has a say.
failure check_inherited(const option_parser& p, const property_default& one)
{
    const auto missing = [&](const std::string& first) {
        return refuse("Property '" + first + "." + one.property + "' not found");
    };
    if (one.driver == "isa-device") return missing("isa-pcspk");
    if (one.driver == "device") return missing(cpu_type_name(p.cpu_model));
    if (one.driver != "pci-device") return k_fine;
    const device_row* row = find_device_row("i6300esb"); // has the properties of the bus and no others
    if (find_property(*row, one.property, p.behaviour) != nullptr) return k_fine;
    return missing(p.result.machine.type == machine_type::q35 ? "mch" : "i440FX");
}

// What is wrong with a default for the CPUs; hv-crash takes effect.
failure apply_to_cpus(option_parser& p, const property_default& one)
{
    const std::string type = cpu_type_name(p.cpu_model);
    if (one.driver != type && one.driver != "x86_64-cpu" && one.driver != "cpu") return k_fine;
    if (!is_cpu_property(one.property)) return refuse("Property '" + type + "." + one.property + "' not found");
    if (one.property != "hv-crash") return k_fine;
    const auto on = qmp_bridge::parse_switch(one.value);
    if (!on) return refuse("Parameter 'hv-crash' expects 'on' or 'off'");
    if (!p.cpu_names_crash) p.result.machine.hyperv_crash = *on;
    return k_fine;
}

// The warning of a default that nothing can follow; empty: it may be for a device that comes later.
std::string warning_of(const option_parser& p, const property_default& one)
{
    if (!names_class(one.driver)) return "global " + one.driver + "." + one.property + " has invalid class name";
    const bool fixed =
        std::find(std::begin(k_fixed_classes), std::end(k_fixed_classes), one.driver) != std::end(k_fixed_classes);
    const device_row* row = find_modelled_row(one.driver);
    const bool no_row_here =
        row != nullptr && row->make == nullptr && !row->hotpluggable && power_management_row(p.result.machine) != row;
    return fixed || no_row_here ? "global " + spelt(one) + " not used" : std::string();
}

constexpr option_row k_device_options[] = {
    {"device", "DRIVER[,PROPERTY=VALUE...]",
     "add a device, so or as a JSON object: i6300esb, pvpanic-pci (addr=SLOT[.FN], hexadecimal), ib700, pvpanic "
     "(ioport=N), or one that is inert, as -device help says; id=ID; DRIVER,help lists what it takes",
     on_device, "device"},
    {"global", "DRIVER.PROPERTY=VALUE",
     "a default for devices of that driver, or of a class such as pci-device; of what "
     "is not modelled, only the names are checked",
     on_global},
    {"set", "GROUP.ID.KEY=VALUE", "change an earlier option: of the device, chardev, mon ... with that id", on_set},
    {"readconfig", "FILE",
     "read options from FILE: a section [device \"ID\"], [chardev \"ID\"], [mon], [machine], [global] ... each, with "
     "lines KEY = \"VALUE\"",
     on_readconfig},
};

} // namespace

const device_row* power_management_row(const machine_config& machine)
{
    switch (machine.type) {
    case machine_type::pc: return machine.acpi ? find_device_row("PIIX4_PM") : nullptr;
    case machine_type::q35: return find_device_row("ICH9-LPC");
    case machine_type::none: break;
    }
    return nullptr;
}

failure resolve_device(option_parser& p, option_entry& entry)
{
    const auto& entries = entry.values.entries();
    std::optional<std::string> driver;
    if (entry.json) driver = text_member(*entry.json, "driver");
    for (const auto& [key, value] : entries) {
        if (key == "driver") driver = value;
    }
    if (!driver) return refuse(k_no_driver);
    const auto found = pluggable_row(*driver);
    if (!found) return found.why();
    const device_row& row = **found;
    device_request request;
    request.driver = row.name;
    request.id = entry.id;
    request.where = entry.place;
    if (auto error = take_defaults(p, row, request.values)) return error;
    if (auto error = entry.json ? take_json(p, *entry.json, row, request) : take_list(p, entry.values, row, request)) {
        return error;
    }
    if (request.id) {
        if (auto error = check_device_id(p, *request.id)) return error;
    }
    p.result.machine.devices.push_back(std::move(request));
    return k_fine;
}

failure resolve_defaults(option_parser& p)
{
    const machine_type type = p.result.machine.type;
    for (const property_default& one : p.store.defaults()) {
        failure refused;
        if (type != machine_type::none) {
            refused = check_inherited(p, one);
            if (!refused) refused = check_board(one);
            if (!refused) refused = apply_to_cpus(p, one);
        }
        if (refused) return refuse("can't apply global " + spelt(one) + ": " + refused->text);
        if (const std::string warning = warning_of(p, one); !warning.empty()) {
            p.result.warn("warning: " + warning);
        }
    }
    for (const device_row& one : modelled_rows()) {
        property_values values;
        // What cannot be had would be said where such a device is made.
        if (one.make != nullptr && !take_defaults(p, one, values) && !values.all().empty()) {
            p.result.machine.plugged_defaults.emplace_back(one.name, std::move(values));
        }
    }
    const device_row* row = power_management_row(p.result.machine);
    if (row == nullptr) return k_fine;
    return take_defaults(p, *row, p.result.machine.power_management);
}

option_group device_options() noexcept { return {"Its devices", k_device_options}; }

} // namespace vigil::sim
