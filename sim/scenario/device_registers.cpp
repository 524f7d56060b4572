// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/scenario/device_registers.h>

#include <algorithm>
#include <cctype>

#include <vigil/models/hyperv_crash.h>
#include <vigil/models/i6300esb.h>
#include <vigil/models/ib700.h>
#include <vigil/models/ich9_tco.h>
#include <vigil/models/pvpanic.h>
#include <vigil/qmp-bridge/host/option_list.h>

namespace vigil::sim {

namespace {

using space = named_register::space;

constexpr unsigned k_bar_0 = 0x10;
constexpr unsigned k_lpc_bridge = 0x1F << 3; ///< where q35 has it
constexpr unsigned k_pmbase = 0x40;
constexpr std::uint64_t k_tco_in_block = 0x60;

template <class Table>
void append(std::vector<named_register>& all, const Table& table, space where, std::uint64_t base = 0)
{
    for (const auto& row : table) all.push_back({row.name, where, base + row.offset, row.width});
}

std::vector<named_register> registers_of(const machine_device& device)
{
    std::vector<named_register> all;
    const std::string_view driver = device.row->name;
    if (driver == "i6300esb") {
        append(all, models::i6300esb::configuration_registers(), space::config);
        append(all, models::i6300esb::memory_registers(), space::memory);
    } else if (driver == "ib700") {
        append(all, models::ib700::register_table(), space::port);
    } else if (driver == "pvpanic") {
        append(all, models::pvpanic::register_table(), space::port, device.values.number("ioport"));
    } else if (driver == "pvpanic-pci") {
        append(all, models::pvpanic::register_table(), space::memory);
    }
    return all;
}

std::string plain(std::string_view name)
{
    std::string out;
    for (const char c : name) {
        const bool gap = c == ' ' || c == '-';
        out += gap ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return out;
}

const char* width_word(unsigned width, bool port)
{
    switch (width) {
    case 1: return "b";
    case 2: return "w";
    case 4: return "l";
    default: return port ? "l" : "q";
    }
}

} // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& known)
{
    std::vector<std::string> plain_names;
    for (const std::string& one : known) plain_names.push_back(plain(one));
    const std::vector<std::string_view> candidates(plain_names.begin(), plain_names.end());
    const std::string asked = plain(word);
    const auto found = qmp_bridge::nearest_match(asked, candidates);
    if (!found) return {};
    return known.at(
        static_cast<std::size_t>(std::find(plain_names.begin(), plain_names.end(), *found) - plain_names.begin()));
}

runstate::result<device_view> device_view::find(test_bench& bench, std::string_view name)
{
    device_view view;
    view.name_ = name;
    std::string known;
    unsigned number = 0;
    for (const machine_device& device : bench.guest().devices()) {
        const std::string shown = device.id.value_or(std::string(device.row->name));
        if (device.id == name || device.row->name == name) {
            view.driver_ = device.row->name;
            view.registers_ = registers_of(device);
            view.number_ = number;
            if (const auto* addr = device.values.find("addr")) {
                if (const auto* at = std::get_if<std::int64_t>(addr)) view.devfn_ = static_cast<unsigned>(*at);
            }
            return view;
        }
        ++number;
        known += known.empty() ? shown : ", " + shown;
    }
    if (name == "cpu") {
        view.driver_ = name;
        append(view.registers_, models::hyperv_crash::msrs(), space::msr);
        return view;
    }
    if (name == "tco" && bench.guest().type_name().find("q35") != std::string::npos) {
        view.driver_ = "ich9-tco";
        append(view.registers_, models::ich9_tco::register_table(), space::port, k_tco_in_block);
        return view;
    }
    return runstate::refusal{"the machine has no device '" + std::string(name) + "'" +
                             (known.empty() ? "; it was made without any" : "; it has " + known)};
}

runstate::result<named_register> device_view::find_register(std::string_view spelt) const
{
    std::vector<std::string> names;
    for (const named_register& one : registers_) {
        if (plain(one.name) == plain(spelt)) return one;
        names.push_back(plain(one.name));
    }
    std::string text = name_ + " has no register '" + std::string(spelt) + "'";
    if (const std::string near = nearest(spelt, names); !near.empty())
        text += "; is it " + near + "?";
    else if (!names.empty()) {
        text += "; it has ";
        for (const std::string& one : names) text += (&one == &names.front() ? "" : ", ") + one;
    }
    return runstate::refusal{text};
}

runstate::result<std::string> device_view::access(test_bench& bench, const named_register& one, bool writes) const
{
    std::uint64_t address = one.offset;
    switch (one.where) {
    case space::config: break; // goes another way
    case space::msr: return (writes ? "wrmsr " : "rdmsr ") + hex(address);
    case space::port:
        if (driver_ == "ich9-tco") {
            const auto base = bench.read_config(k_lpc_bridge, k_pmbase, 4);
            if (!base) return base.why();
            if ((*base & ~std::uint64_t{0x7F}) == 0)
                return runstate::refusal{
                    "tco has no ports yet: write PMBASE, configuration register 40h of 00:1f.0, first"};
            address += *base & 0xFF80;
        }
        return std::string(writes ? "out" : "in") + width_word(one.width, true) + " " + hex(address);
    case space::memory: {
        const auto bar = bench.read_config(devfn_, k_bar_0, 4);
        if (!bar) return bar.why();
        if ((*bar & ~std::uint64_t{0xF}) == 0) {
            return runstate::refusal{name_ + " has no memory yet; say 'wdt attach " + name_ + "' or write its BAR 0"};
        }
        return std::string(writes ? "write" : "read") + width_word(one.width, false) + " " +
               hex((*bar & ~std::uint64_t{0xF}) + address);
    }
    }
    return runstate::refusal{"there is no way to it"};
}

runstate::result<std::uint64_t> device_view::read(test_bench& bench, const named_register& one) const
{
    if (one.where == space::config) return bench.read_config(devfn_, static_cast<unsigned>(one.offset), one.width);
    const auto line = access(bench, one, false);
    if (!line) return line.why();
    return bench.qtest_number(*line);
}

std::optional<runstate::refusal> device_view::write(test_bench& bench, const named_register& one,
                                                    std::uint64_t value) const
{
    if (one.where == space::config) {
        return bench.write_config(devfn_, static_cast<unsigned>(one.offset), one.width, value);
    }
    const auto line = access(bench, one, true);
    if (!line) return line.why();
    auto done = bench.qtest(*line + " " + hex(value));
    if (!done) return std::move(done).why();
    return std::nullopt;
}

} // namespace vigil::sim
