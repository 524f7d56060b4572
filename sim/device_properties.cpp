// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/device_properties.h>

#include <algorithm>
#include <cassert>
#include <limits>

#include <vigil/qmp-bridge/host/option_list.h>
#include <vigil/sim/options/option_values.h>

namespace vigil::sim {

namespace {

using qmp_bridge::refuse;
using kind = property_kind;

constexpr std::string_view k_switch = "on/off";

device_property boolean(std::string_view name, bool by_default, machine_version since = {})
{
    return {name, kind::boolean, device_value(by_default), k_switch, false, false, nullptr, {}, since};
}

// As QEMU 7.2 lists them.
std::vector<device_property> first_pci_properties()
{
    std::vector<device_property> all = properties_in("failover_pair_id:str romfile:str");
    all.push_back({"addr", kind::pci_address, device_value(std::int64_t{-1}),
                   "Slot and optional function number, example: 06.0 or 06"});
    const auto rest = properties_in("romsize:uint32=4294967295 x-pcie-lnksta-dllla:switch=true rombar:uint32=1 "
                                    "x-pcie-extcap-init:switch=true acpi-index:uint32=0 multifunction:switch=false");
    all.insert(all.end(), rest.begin(), rest.end());
    all.push_back(read_only("legacy-addr", kind::text));
    return all;
}

// As QEMU 11.1 lists them.
std::vector<device_property> renewed_pci_properties()
{
    constexpr machine_version k_8_0{8, 0};
    constexpr machine_version k_8_1{8, 1};
    constexpr machine_version k_9_2{9, 2};
    return {read_only("busnr", kind::uint32, "busnr"),
            {"failover_pair_id", kind::text, std::nullopt},
            boolean("x-pcie-ext-tag", true, k_9_2),
            {"addr", kind::pci_address, device_value(std::int64_t{-1}),
             "Slot and optional function number, example: 06.0 or 06", false, false, nullptr, "str"},
            {"romsize", kind::uint32, device_value(std::uint64_t{std::numeric_limits<std::uint32_t>::max()})},
            boolean("x-pcie-lnksta-dllla", true),
            {"rombar", kind::int32, device_value(std::int64_t{-1})},
            {"x-max-bounce-buffer-size", kind::size, device_value(std::uint64_t{4096}),
             "Maximum buffer size allocated for bounce buffers used for mapped access to indirect DMA memory"},
            boolean("x-pcie-ari-nextfn-1", false, k_8_1),
            boolean("x-pcie-err-unc-mask", true, k_8_0),
            {"sriov-pf", kind::text, std::nullopt},
            {"acpi-index", kind::uint32, device_value(std::uint64_t{0})},
            boolean("multifunction", false),
            {"romfile", kind::text, std::nullopt}};
}

std::uint64_t most_of(property_kind what) noexcept
{
    switch (what) {
    case kind::uint8: return std::numeric_limits<std::uint8_t>::max();
    case kind::uint16: return std::numeric_limits<std::uint16_t>::max();
    case kind::uint32: return std::numeric_limits<std::uint32_t>::max();
    default: return std::numeric_limits<std::uint64_t>::max();
    }
}

runstate::refusal expects(const device_property& property, std::string_view what)
{
    return refuse("Parameter '" + std::string(property.name) + "' expects " + std::string(what));
}

runstate::result<device_value> in_range(const device_property& property, std::uint64_t number)
{
    if (number > most_of(property.kind)) return expects(property, std::string(type_word(property)) + "_t");
    return device_value(number);
}

runstate::result<device_value> in_range(const device_property& property, std::int64_t number)
{
    using limits = std::numeric_limits<std::int32_t>;
    if (number < limits::min() || number > limits::max()) return expects(property, "int32_t");
    return device_value(number);
}

runstate::refusal not_an_address(std::string_view driver, const device_property& property, std::string_view text)
{
    return refuse("Property '" + std::string(driver) + "." + std::string(property.name) + "' doesn't take value '" +
                  std::string(text) + "'; use SLOT or SLOT.FUNCTION, hexadecimal, as in addr=1d.4");
}

runstate::refusal wrong_type(const device_property& property, std::string_view wanted)
{
    return refuse("Invalid parameter type for '" + std::string(property.name) + "', expected: " + std::string(wanted));
}

runstate::result<device_value> address_in_text(std::string_view driver, const device_property& property,
                                               std::string_view text)
{
    const auto address = parse_pci_address(text);
    if (!address) return not_an_address(driver, property, text);
    return device_value(static_cast<std::int64_t>(address->devfn()));
}

// One of the words between strokes that end the description.
runstate::result<device_value> chosen(const device_property& property, std::string_view text)
{
    const std::string_view all = property.description.substr(property.description.rfind(' ') + 1);
    for (std::size_t from = 0; from <= all.size();) {
        const std::size_t end = std::min(all.find('/', from), all.size());
        if (all.substr(from, end - from) == text) return device_value(std::string(text));
        from = end + 1;
    }
    return refuse("Parameter '" + std::string(property.name) + "' does not accept value '" + std::string(text) + "'");
}

std::string value_text(const device_value& value, bool flags_as_switches)
{
    if (const bool* flag = std::get_if<bool>(&value)) {
        return flags_as_switches ? (*flag ? "on" : "off") : (*flag ? "true" : "false");
    }
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
    if (const auto* natural = std::get_if<std::uint64_t>(&value)) return std::to_string(*natural);
    return "\"" + std::get<std::string>(value) + "\"";
}

// A type as `properties_in` spells it.
struct type_row {
    std::string_view word;
    property_kind kind;
    std::string_view description = {};
    std::string_view type = {}; ///< QOM's, where it is another
};

constexpr type_row k_types[] = {
    {"bool", kind::boolean},
    {"switch", kind::boolean, k_switch, "bool"},
    {"uint8", kind::uint8},
    {"uint16", kind::uint16},
    {"uint32", kind::uint32},
    {"uint64", kind::uint64},
    {"int32", kind::int32},
    {"size", kind::size},
    {"str", kind::text},
    {"OnOffAuto", kind::choice, "on/off/auto", "OnOffAuto"},
    {"PCIELinkSpeed", kind::choice, "2_5/5/8/16", "PCIELinkSpeed"},
    {"PCIELinkWidth", kind::choice, "1/2/4/8/12/16/32", "PCIELinkWidth"},
    {"BlockdevOnError", kind::choice, "Error handling policy, report/ignore/enospc/stop/auto", "BlockdevOnError"},
    {"BiosAtaTranslation", kind::choice, "Logical CHS translation algorithm, auto/none/lba/large/rechs",
     "BiosAtaTranslation"},
    {"mac", kind::text, "Ethernet 6-byte MAC Address, example: 52:54:00:12:34:56", "str"},
    {"netdev", kind::text, "ID of a netdev to use as a backend", "str"},
    {"drive", kind::text, "Node name or ID of a block device to use as a backend", "str"},
    {"chardev", kind::text, "ID of a chardev to use as a backend", "str"},
    {"audiodev", kind::text, "ID of an audiodev to use as a backend", "str"},
    {"block-size", kind::size, "A power of two between 512 B and 2 MiB", "size"},
};

device_value parsed_default(property_kind what, std::string_view text)
{
    switch (what) {
    case kind::boolean: return text == "true";
    case kind::text:
    case kind::choice: return std::string(text);
    case kind::int32: return std::int64_t{std::stoll(std::string(text))};
    default: return *parse_uint64(text);
    }
}

device_property property_in(std::string_view word)
{
    const std::size_t colon = word.find(':');
    const std::size_t equals = word.find('=', colon);
    const std::string_view type = word.substr(colon + 1, equals == word.npos ? word.npos : equals - colon - 1);
    const std::string_view name = word.substr(0, colon);
    if (type.substr(0, 5) == "link<") return {name, kind::text, std::nullopt, {}, false, false, nullptr, type};
    const auto* const row =
        std::find_if(std::begin(k_types), std::end(k_types), [&](const type_row& one) { return one.word == type; });
    assert(row != std::end(k_types));
    device_property made{name, row->kind, std::nullopt, row->description};
    made.type = row->type;
    if (equals != word.npos) made.by_default = parsed_default(row->kind, word.substr(equals + 1));
    return made;
}

} // namespace

device_property read_only(std::string_view name, property_kind what, std::string_view type)
{
    return {name, what, std::nullopt, {}, true, false, nullptr, type};
}

std::string_view type_word(const device_property& property) noexcept
{
    if (!property.type.empty()) return property.type;
    switch (property.kind) {
    case kind::boolean: return "bool";
    case kind::uint8: return "uint8";
    case kind::uint16: return "uint16";
    case kind::uint32: return "uint32";
    case kind::uint64: return "uint64";
    case kind::size: return "size";
    case kind::choice:
    case kind::text: return "str";
    case kind::int32:
    case kind::pci_address: break;
    }
    return "int32";
}

void property_values::set(std::string_view name, device_value value)
{
    const auto same = [&](const auto& one) { return one.first == name; };
    const auto found = std::find_if(values_.begin(), values_.end(), same);
    if (found != values_.end()) {
        found->second = std::move(value);
    } else {
        values_.emplace_back(name, std::move(value));
    }
}

const device_value* property_values::find(std::string_view name) const noexcept
{
    const auto same = [&](const auto& one) { return one.first == name; };
    const auto found = std::find_if(values_.begin(), values_.end(), same);
    return found != values_.end() ? &found->second : nullptr;
}

bool property_values::flag(std::string_view name) const noexcept
{
    const device_value* value = find(name);
    const bool* flag = value != nullptr ? std::get_if<bool>(value) : nullptr;
    return flag != nullptr && *flag;
}

std::uint64_t property_values::number(std::string_view name) const noexcept
{
    const device_value* value = find(name);
    const auto* number = value != nullptr ? std::get_if<std::uint64_t>(value) : nullptr;
    return number != nullptr ? *number : 0;
}

std::string property_values::text(std::string_view name) const
{
    const device_value* value = find(name);
    const auto* text = value != nullptr ? std::get_if<std::string>(value) : nullptr;
    return text != nullptr ? *text : std::string();
}

const std::vector<device_property>& common_properties()
{
    static const std::vector<device_property> properties{
        read_only("type", kind::text), read_only("parent_bus", kind::text), read_only("realized", kind::boolean),
        read_only("hotplugged", kind::boolean), read_only("hotpluggable", kind::boolean)};
    return properties;
}

const std::vector<device_property>& pci_properties(const qemu_behaviour& behaviour)
{
    static const std::vector<device_property> first = first_pci_properties();
    static const std::vector<device_property> renewed = renewed_pci_properties();
    return behaviour.renewed_objects ? renewed : first;
}

std::vector<device_property> properties_in(std::string_view words)
{
    std::vector<device_property> all;
    for (std::size_t from = 0; from < words.size();) {
        const std::size_t end = std::min(words.find(' ', from), words.size());
        if (end > from) all.push_back(property_in(words.substr(from, end - from)));
        from = end + 1;
    }
    return all;
}

runstate::result<device_value> parse_property(std::string_view driver, const device_property& property,
                                              std::string_view text, std::string_view number_word)
{
    switch (property.kind) {
    case kind::boolean: {
        const auto flag = qmp_bridge::parse_switch(text);
        if (!flag) return expects(property, "'on' or 'off'");
        return device_value(*flag);
    }
    case kind::text: return device_value(std::string(text));
    case kind::choice: return chosen(property, text);
    case kind::pci_address: return address_in_text(driver, property, text);
    case kind::size: {
        const auto size = parse_size(text, 0);
        if (!size) return expects(property, "size");
        return device_value(*size);
    }
    case kind::int32: {
        const auto number = parse_uint64(text);
        if (!number || text.empty()) return expects(property, number_word);
        return in_range(property, static_cast<std::int64_t>(*number));
    }
    default: break;
    }
    const auto number = parse_uint64(text);
    if (!number) return expects(property, number_word);
    return in_range(property, *number);
}

runstate::result<device_value> parse_property(std::string_view driver, const device_property& property,
                                              const qmp_bridge::json::value& value)
{
    const auto as_text = [&] { return std::string(value.get_string().data(), value.get_string().size()); };
    switch (property.kind) {
    case kind::boolean:
        if (!value.is_bool()) return wrong_type(property, "boolean");
        return device_value(value.get_bool());
    case kind::text:
    case kind::choice:
        if (!value.is_string()) return wrong_type(property, "string");
        return parse_property(driver, property, std::string_view(as_text()));
    case kind::pci_address: {
        if (value.is_string()) return address_in_text(driver, property, as_text());
        if (!value.is_int64()) return wrong_type(property, "string or integer");
        constexpr std::int64_t most = 255;
        const std::int64_t place = value.get_int64();
        if (place < -1 || place > most) return not_an_address(driver, property, std::to_string(place));
        return device_value(place);
    }
    case kind::int32:
        if (!value.is_int64()) return wrong_type(property, "integer");
        return in_range(property, value.get_int64());
    default: break;
    }
    if (value.is_uint64()) return in_range(property, value.get_uint64());
    if (value.is_int64()) return in_range(property, static_cast<std::uint64_t>(value.get_int64()));
    return expects(property, "uint64");
}

std::string help_line(const device_property& property, const std::optional<device_value>& by_default,
                      const qemu_behaviour& behaviour)
{
    constexpr std::size_t k_column = 24;
    std::string line = "  " + std::string(property.name) + "=<" + std::string(type_word(property)) + ">";
    if (by_default || !property.description.empty()) {
        line.resize(std::max(line.size(), k_column), ' ');
        line += " - " + std::string(property.description);
    }
    if (by_default) line += " (default: " + value_text(*by_default, behaviour.renewed_objects) + ")";
    return line + "\n";
}

} // namespace vigil::sim
