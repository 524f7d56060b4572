// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <systemc>

#include <vigil/bus/bus_initiator.h>
#include <vigil/models/i6300esb.h>
#include <vigil/models/pvpanic.h>
#include <vigil/models/reset_register.h>
#include <vigil/runstate/clock/kernel_time.h>
#include <vigil/runstate/controller.h>
#include <vigil/runstate/cpu_gate.h>

#include <catch.h>

// What a temporally decoupled CPU does to its machine does not depend on how far it runs ahead.
namespace {

using namespace vigil;
using runstate::ns;

namespace reg = models::i6300esb_reg;
namespace bit = models::i6300esb_bit;
namespace key = models::i6300esb_key;

// One instruction of the guest, which takes so long.
struct instruction {
    enum kind { idle, store, kick, enable, clear_flag, read_flag, panic, reset } what;
    ns takes;
};

// What happened in a machine, by its own clock.
struct trace_entry {
    ns at;
    std::string what;
    bool operator==(const trace_entry& other) const { return at == other.at && what == other.what; }
    bool is_event() const { return what.front() == 'E'; }
    /// Of what happens at the same time, events come first.
    bool before(const trace_entry& other) const
    {
        return at != other.at ? at < other.at : is_event() > other.is_event();
    }
};

std::ostream& operator<<(std::ostream& out, const trace_entry& entry)
{
    return out << entry.at.count() << "ns:" << entry.what;
}

// A quantum keeper of its own quantum, with the names of TLM-2.0's.
class keeper {
public:
    explicit keeper(ns quantum) : quantum_(runstate::to_sc_time(quantum)) {}
    void inc(ns by) { local_ += runstate::to_sc_time(by); }
    bool need_sync() const { return local_ >= quantum_; }
    sc_core::sc_time get_local_time() const { return local_; }
    void reset() { local_ = sc_core::SC_ZERO_TIME; }

private:
    sc_core::sc_time quantum_;
    sc_core::sc_time local_;
};

// A machine whose CPU executes a program once; each reset sends it on to the next chapter.
struct machine : sc_core::sc_module, runstate::run_listener {
    using program = std::vector<std::vector<instruction>>;

    machine(const sc_core::sc_module_name& name, ns quantum, const program& chapters,
            const runstate::action_set& actions)
        : sc_module(name), local(quantum), text(chapters)
    {
        controller.control().set_actions(actions);
        controller.add_listener(*this);
        controller.add_resettable(watchdog);
        controller.add_resettable(control);
        controller.add_nmi_sink(gate);
        watchdog.watchdog.bind(controller);
        panics.panic.bind(controller);
        control.power.bind(controller);
        config.socket.bind(watchdog.config);
        memory.socket.bind(watchdog.registers);
        panic_port.socket.bind(panics.event);
        reset_port.socket.bind(control.control);
        SC_HAS_PROCESS(machine);
        SC_THREAD(execute);
        SC_THREAD(manage);
    }

    // The CPU.
    void execute()
    {
        for (std::size_t chapter = 0; chapter < text.size();) {
            bool was_reset = false;
            for (const instruction& one : text[chapter]) {
                if (gate.attention() || local.need_sync()) {
                    gate.sync(local);
                    was_reset = gate.take_reset().has_value();
                    if (was_reset) break;
                    if (gate.take_nmi()) ++nmis; // when, depends: it does not undo what the CPU has done
                }
                carry_out(one);
                local.inc(one.takes);
            }
            if (!was_reset) {
                gate.sync(local);
                gate.take_reset();
            }
            ++chapter;
        }
        finished = true;
    }

    void carry_out(const instruction& one)
    {
        for (auto* bus : {&config, &memory, &panic_port, &reset_port}) bus->delay() = local.get_local_time();
        switch (one.what) {
        case instruction::idle: break;
        case instruction::store: tell("store"); break;
        case instruction::kick: unlocked(bit::wdt_reload); break;
        case instruction::clear_flag: unlocked(bit::wdt_timeout); break;
        case instruction::read_flag:
            tell("flag " + std::to_string(memory.read_value(reg::reload, 2) & bit::wdt_timeout));
            break;
        case instruction::enable:
            for (const auto preload : {reg::preload_value_1, reg::preload_value_2}) {
                unlock();
                memory.write_value(preload, 4, 1);
            }
            config.write_value(reg::wdt_configuration, 2, bit::wdt_pre_sel | bit::wdt_int_type);
            config.write_value(reg::wdt_lock, 1, bit::wdt_enable);
            break;
        case instruction::panic: panic_port.write_value(0, 1, models::pvpanic_bit::panicked); break;
        case instruction::reset: reset_port.write_value(0, 1, 0x04); break;
        }
    }
    void unlock()
    {
        memory.write_value(reg::reload, 2, key::first);
        memory.write_value(reg::reload, 2, key::second);
    }
    void unlocked(std::uint64_t value)
    {
        unlock();
        memory.write_value(reg::reload, 2, value);
    }

    // Whoever looks after the machine: continues it whenever it has stopped, some time later.
    void manage()
    {
        for (;;) {
            wait(stopped);
            wait(50, sc_core::SC_US);
            const runstate::turn_guard turn(controller.control());
            controller.control().cont();
        }
    }

    void tell(const std::string& what) { trace.push_back({controller.clock.now(local.get_local_time()), what}); }

    void on_event(const runstate::event& e) override
    {
        const ns at = controller.clock.now();
        const bool is_reset = std::holds_alternative<runstate::reset_event>(e);
        if (is_reset) { // what the CPU did later is undone
            const auto later = [at](const trace_entry& entry) { return entry.at >= at && !entry.is_event(); };
            trace.erase(std::remove_if(trace.begin(), trace.end(), later), trace.end());
        }
        trace.push_back({at, std::string("Event ") + std::to_string(e.index())});
        if (std::holds_alternative<runstate::stop_event>(e)) stopped.notify(sc_core::SC_ZERO_TIME);
    }

    keeper local;
    const program& text;
    std::vector<trace_entry> trace;
    int nmis = 0;
    bool finished = false;
    sc_core::sc_event stopped;

    runstate::controller controller{"controller"};
    runstate::cpu_gate gate{"gate", controller};
    models::i6300esb watchdog{"watchdog", controller.clock};
    models::pvpanic_isa panics{"panics"};
    models::reset_register control{"control"};
    bus::bus_initiator config{"config", bus::initiator_kind::vcpu};
    bus::bus_initiator memory{"memory", bus::initiator_kind::vcpu};
    bus::bus_initiator panic_port{"panic_port", bus::initiator_kind::vcpu};
    bus::bus_initiator reset_port{"reset_port", bus::initiator_kind::vcpu};
};

machine::program random_program(unsigned seed)
{
    std::mt19937 random(seed);
    const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    // A stage of the watchdog takes 960 ns to 1920 ns.
    const std::vector<std::pair<instruction::kind, unsigned>> weights{
        {instruction::idle, 40},      {instruction::store, 20},    {instruction::kick, 30}, {instruction::enable, 4},
        {instruction::clear_flag, 2}, {instruction::read_flag, 4}, {instruction::panic, 1}, {instruction::reset, 1}};
    const auto any_kind = [&] {
        unsigned left = below(102);
        for (const auto& [kind, weight] : weights) {
            if (left < weight) return kind;
            left -= weight;
        }
        return instruction::idle;
    };
    machine::program chapters(8);
    for (auto& chapter : chapters) {
        chapter.push_back({instruction::enable, ns(10)});
        for (int i = 0; i < 400; ++i) {
            const instruction::kind kind = any_kind();
            const bool long_one = kind == instruction::idle && below(20) == 0;
            chapter.push_back({kind, ns(long_one ? 700 + 3 * below(700) : 3 + below(90))});
        }
    }
    return chapters;
}

void check_quanta(runstate::watchdog_action on_watchdog, runstate::panic_action on_panic, unsigned seed)
{
    const machine::program text = random_program(seed);
    runstate::action_set actions;
    actions.watchdog = on_watchdog;
    actions.panic = on_panic;
    std::vector<std::unique_ptr<machine>> machines;
    for (const ns quantum : {ns(1), ns(10), ns(1'000), ns(100'000), ns(1'000'000), ns(10'000'000)}) {
        machines.push_back(std::make_unique<machine>(sc_core::sc_gen_unique_name("machine"), quantum, text, actions));
    }
    sc_core::sc_start(1, sc_core::SC_SEC);
    for (const auto& one : machines) {
        std::stable_sort(one->trace.begin(), one->trace.end(),
                         [](const auto& a, const auto& b) { return a.before(b); });
    }
    const auto& expected = machines.front()->trace;
    CHECK(std::count_if(expected.begin(), expected.end(), [](const auto& e) { return e.is_event(); }) > 10);
    for (const auto& one : machines) {
        INFO(one->name());
        CHECK(one->finished);
        const auto difference = std::mismatch(expected.begin(), expected.end(), one->trace.begin(), one->trace.end());
        const bool same = difference.first == expected.end() && difference.second == one->trace.end();
        INFO("first difference at entry "
             << (difference.first - expected.begin()) << ": "
             << (difference.first != expected.end() ? *difference.first : trace_entry{}) << " against "
             << (difference.second != one->trace.end() ? *difference.second : trace_entry{}));
        CHECK(same);
        CHECK(one->nmis == machines.front()->nmis);
    }
}

using runstate::panic_action;
using runstate::watchdog_action;

} // namespace

TEST_CASE("temporal decoupling: watchdog resets and panic pauses are the same for any quantum")
{
    check_quanta(watchdog_action::reset, panic_action::pause, 1);
}

TEST_CASE("temporal decoupling: watchdog pauses and panics without effect are the same for any quantum")
{
    check_quanta(watchdog_action::pause, panic_action::none, 2);
}

TEST_CASE("temporal decoupling: barks that do nothing, and panic pauses, are the same for any quantum")
{
    check_quanta(watchdog_action::none, panic_action::pause, 3);
}

TEST_CASE("temporal decoupling: NMIs of the watchdog come before anything later for any quantum")
{
    check_quanta(watchdog_action::inject_nmi, panic_action::pause, 4);
}
