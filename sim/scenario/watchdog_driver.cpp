// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/scenario/watchdog_driver.h>

#include <string>

#include <vigil/bus/pci_function.h>
#include <vigil/models/i6300esb_rules.h>

namespace vigil::sim {

namespace {

namespace bits = models::i6300esb_bit;
namespace key = models::i6300esb_key;

// Where firmware would put a device's memory: below the I/O APIC, a page each.
constexpr std::uint64_t k_first_bar = 0xFEB00000;
constexpr std::uint64_t k_page = 0x1000;
constexpr unsigned k_command = 0x04;
constexpr std::uint64_t k_decode_memory = 0x2;
constexpr unsigned k_bar_0 = 0x10;

runstate::refusal unknown(std::string_view operation, std::string_view driver, const char* known)
{
    return {"there is no 'wdt " + std::string(operation) + "' for " + std::string(driver) + "; there is " + known};
}

runstate::refusal wants(std::string_view operation, const char* what)
{
    return {"'wdt " + std::string(operation) + "' wants " + what};
}

} // namespace

watchdog_driver::failure watchdog_driver::act(test_bench& bench, std::string_view operation,
                                              const arguments& given) const
{
    return device_.driver() == "i6300esb" ? act_on_i6300esb(bench, operation, given)
                                          : act_on_ib700(bench, operation, given);
}

watchdog_driver::failure watchdog_driver::act_on_i6300esb(test_bench& bench, std::string_view operation,
                                                          const arguments& given) const
{
    if (operation == "preload") return preload(bench, given);
    if (operation == "scale") {
        if (given.size() != 1 || (given[0] != "1kHz" && given[0] != "1MHz")) return wants(operation, "1kHz or 1MHz");
        return change_bits(bench, "WDT Configuration", bits::wdt_pre_sel, given[0] == "1MHz" ? bits::wdt_pre_sel : 0);
    }
    if (operation == "reboot") {
        if (given.size() != 1 || (given[0] != "on" && given[0] != "off")) return wants(operation, "on or off");
        return change_bits(bench, "WDT Configuration", bits::wdt_output, given[0] == "off" ? bits::wdt_output : 0);
    }
    if (!given.empty()) return wants(operation, "no arguments");
    if (operation == "attach") return attach(bench);
    if (operation == "enable") return change_bits(bench, "WDT Lock", 0, bits::wdt_enable);
    if (operation == "stop" || operation == "disable") return change_bits(bench, "WDT Lock", bits::wdt_enable, 0);
    if (operation == "kick") return put_unlocked(bench, "Reload", bits::wdt_reload);
    if (operation == "lock") return change_bits(bench, "WDT Lock", 0, bits::wdt_lock);
    return unknown(operation, device_.driver(), "attach, preload, scale, reboot, enable, kick, stop, disable and lock");
}

watchdog_driver::failure watchdog_driver::act_on_ib700(test_bench& bench, std::string_view operation,
                                                       const arguments& given) const
{
    if (operation == "enable" || operation == "kick") {
        const auto code = given.empty() ? std::optional<std::uint64_t>(0) : parse_number(given[0]);
        if (given.size() > 1 || !code || *code > 15) return wants(operation, "a code from 0 (30 s) to 15 (none)");
        return put(bench, "WDT_ENABLE", *code);
    }
    if (!given.empty()) return wants(operation, "no arguments");
    if (operation == "attach") return std::nullopt; // its ports are where they are
    if (operation == "stop" || operation == "disable") return put(bench, "WDT_DISABLE", 0);
    return unknown(operation, device_.driver(), "attach, enable, kick, stop and disable");
}

watchdog_driver::failure watchdog_driver::attach(test_bench& bench) const
{
    const unsigned devfn = device_.devfn();
    if (auto error = bench.write_config(devfn, k_bar_0, 4, k_first_bar + k_page * device_.number())) return error;
    const auto command = bench.read_config(devfn, k_command, 2);
    if (!command) return command.why();
    return bench.write_config(devfn, k_command, 2, *command | k_decode_memory);
}

watchdog_driver::failure watchdog_driver::preload(test_bench& bench, const arguments& given) const
{
    const auto first = given.empty() ? std::nullopt : parse_number(given[0]);
    const auto second = given.size() < 2 ? first : parse_number(given[1]);
    if (given.size() > 2 || !first || !second) return wants("preload", "one or two counts");
    if (auto error = put_unlocked(bench, "Preload Value 1", *first)) return error;
    return put_unlocked(bench, "Preload Value 2", *second);
}

watchdog_driver::failure watchdog_driver::change_bits(test_bench& bench, const char* name, std::uint64_t clear,
                                                      std::uint64_t set) const
{
    const auto found = device_.find_register(name);
    if (!found) return found.why();
    const auto now = device_.read(bench, *found);
    if (!now) return now.why();
    return device_.write(bench, *found, (*now & ~clear) | set);
}

watchdog_driver::failure watchdog_driver::put(test_bench& bench, const char* name, std::uint64_t value) const
{
    const auto found = device_.find_register(name);
    if (!found) return found.why();
    return device_.write(bench, *found, value);
}

watchdog_driver::failure watchdog_driver::put_unlocked(test_bench& bench, const char* name, std::uint64_t value) const
{
    if (auto error = put(bench, "Reload", key::first)) return error;
    if (auto error = put(bench, "Reload", key::second)) return error;
    return put(bench, name, value);
}

} // namespace vigil::sim
