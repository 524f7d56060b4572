// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/cpu_gate.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <systemc>

#include <catch.h>

using namespace vigil::runstate;
using sc_core::sc_time;

namespace {

// A machine, and a process in the place of its CPU.
struct platform : sc_core::sc_module {
    explicit platform(const sc_core::sc_module_name& name) : sc_module(name)
    {
        controller.add_nmi_sink(gate);
        SC_HAS_PROCESS(platform);
        SC_THREAD(run);
    }
    void run()
    {
        if (cpu) cpu();
    }
    void command(const std::function<void(run_control&)>& act)
    {
        const turn_guard turn(controller.control());
        act(controller.control());
    }
    void note(const std::string& what) { notes.push_back(sc_core::sc_time_stamp().to_string() + " " + what); }

    vigil::runstate::controller controller{"controller"};
    cpu_gate gate{"gate", controller};
    std::function<void()> cpu;
    std::vector<std::string> notes;
};

// Does `act` so many nanoseconds into the simulation.
struct at : sc_core::sc_module {
    at(const sc_core::sc_module_name& name, double time, std::function<void()> what)
        : sc_module(name), after(time, sc_core::SC_NS), act(std::move(what))
    {
        SC_HAS_PROCESS(at);
        SC_THREAD(run);
    }
    void run()
    {
        wait(after);
        act();
    }
    sc_time after;
    std::function<void()> act;
};

} // namespace

TEST_CASE("cpu gate: a CPU executes freely while nothing happens, and its local time becomes simulated time")
{
    platform p("p");
    p.cpu = [&] {
        p.gate.wait_until_running();
        CHECK_FALSE(p.gate.attention());
        p.gate.wait_until_running(sc_time(333, sc_core::SC_PS));
        CHECK(sc_core::sc_time_stamp() == sc_time(333, sc_core::SC_PS));
        CHECK_FALSE(p.gate.take_reset());
        CHECK_FALSE(p.gate.take_nmi());
        p.note("done");
    };
    sc_core::sc_start(1, sc_core::SC_US);
    CHECK(p.notes.size() == 1);
}

TEST_CASE("cpu gate: a request draws attention at once, and the CPU waits until it has been served")
{
    platform p("p");
    p.cpu = [&] {
        p.gate.wait_until_running();
        p.controller.request_reset(shutdown_cause::guest_reset);
        CHECK(p.gate.attention());
        CHECK_FALSE(p.gate.take_reset());
        p.gate.wait_until_running(sc_time(10, sc_core::SC_NS));
        CHECK_FALSE(p.gate.attention());
        CHECK(p.gate.take_reset() == reset_kind::warm);
        CHECK_FALSE(p.gate.take_reset());
        CHECK(sc_core::sc_time_stamp() == sc_core::SC_ZERO_TIME); // what was done ahead of the reset counts for nothing
        p.note("done");
    };
    sc_core::sc_start(1, sc_core::SC_US);
    CHECK(p.notes.size() == 1);
}

TEST_CASE("cpu gate: a stop holds the CPU, whose local time goes on from there when the machine does")
{
    platform p("p");
    p.cpu = [&] {
        p.gate.wait_until_running();
        p.gate.wait_until_running(sc_time(100, sc_core::SC_NS));
        p.note("cpu at " + std::to_string(p.controller.clock.now().count()));
    };
    at stops("stops", 40, [&] { p.command([](run_control& c) { c.stop(); }); });
    at goes("goes", 500, [&] { p.command([](run_control& c) { c.cont(); }); });
    sc_core::sc_start(1, sc_core::SC_US);
    CHECK(p.notes == std::vector<std::string>{"560 ns cpu at 100"});
}

TEST_CASE("cpu gate: how far the CPU was ahead, and an NMI that it has not taken, are saved with the machine")
{
    platform p("p");
    snapshot saved;
    p.cpu = [&] {
        p.gate.wait_until_running();
        for (const double ahead : {100.0, 1000.0}) {
            p.gate.wait_until_running(sc_time(ahead, sc_core::SC_NS));
            const std::string nmi = p.gate.take_nmi() ? ", with an NMI" : "";
            p.note("cpu at " + std::to_string(p.controller.clock.now().count()) + nmi);
        }
    };
    at saves("saves", 40.5, [&] {
        p.command([](run_control& c) { c.stop(); });
        p.gate.inject_nmi();
        saved = p.controller.save();
    });
    at goes("goes", 500.5, [&] { p.command([](run_control& c) { c.cont(); }); });
    at restores("restores", 700, [&] {
        p.command([](run_control& c) { c.stop(); });
        p.gate.inject_nmi();
        REQUIRE(p.controller.restore(saved));
    });
    at goes_again("goes_again", 800, [&] { p.command([](run_control& c) { c.cont(); }); });
    sc_core::sc_start(2, sc_core::SC_US);
    CHECK(p.notes == std::vector<std::string>{"560 ns cpu at 100, with an NMI", "860 ns cpu at 100, with an NMI"});
}

TEST_CASE("cpu gate: a state that makes no sense is refused, and changes nothing")
{
    platform p("p");
    p.gate.inject_nmi();
    const auto saved = p.gate.save();
    CHECK(p.gate.restore({{"ahead", std::uint64_t{1} << 63}, {"reset", std::uint64_t{0}}, {"nmi", std::uint64_t{0}}}));
    CHECK(p.gate.restore({{"ahead", std::uint64_t{1}}, {"reset", std::uint64_t{4}}, {"nmi", std::uint64_t{0}}}));
    CHECK(p.gate.restore({{"ahead", std::uint64_t{1}}, {"reset", std::uint64_t{0}}, {"nmi", std::uint64_t{2}}}));
    CHECK(p.gate.save() == saved);
    CHECK_FALSE(p.gate.restore({{"ahead", std::uint64_t{1}}, {"reset", std::uint64_t{3}}, {"nmi", std::uint64_t{0}}}));
    CHECK(p.gate.take_reset() == reset_kind::wakeup);
    CHECK_FALSE(p.gate.take_nmi());
}

TEST_CASE("cpu gate: a machine that is restored forgets what was stated ahead in the one before")
{
    platform p("p");
    p.cpu = [&] {
        p.gate.wait_until_running();
        const local_time later(sc_time(70, sc_core::SC_NS));
        p.controller.request_shutdown(shutdown_cause::guest_shutdown);
    };
    at restores("restores", 40, [&] {
        p.command([](run_control& c) { c.stop(); });
        REQUIRE(p.controller.restore(p.controller.save()));
        p.command([](run_control& c) { c.cont(); });
    });
    sc_core::sc_start(200, sc_core::SC_NS);
    CHECK(p.controller.clock.now() == ns(200));
    CHECK_FALSE(p.controller.control().exiting());
}

TEST_CASE("cpu gate: what is stated ahead of the kernel takes effect at its own time, in the order of times")
{
    platform p("p");
    struct listener : run_listener {
        explicit listener(platform& its) : owner(its) {}
        void on_event(const event& e) override { owner.note("event " + std::to_string(e.index())); }
        platform& owner;
    } events(p);
    p.controller.add_listener(events);
    action_set actions;
    actions.panic = panic_action::pause;
    p.controller.control().set_actions(actions);
    p.cpu = [&] {
        p.gate.wait_until_running();
        const auto ahead = [](double time) { return sc_time(time, sc_core::SC_NS); };
        {
            const local_time later(ahead(70));
            CHECK(p.controller.clock.now() == ns(70));
            p.controller.guest_panicked(std::nullopt, report_context::vcpu);
        }
        {
            const local_time sooner(ahead(30));
            p.controller.guest_crashloaded(std::nullopt);
        }
        CHECK(p.gate.attention());
        CHECK(p.notes.empty());
        p.gate.wait_until_running(ahead(70));
    };
    sc_core::sc_start(200, sc_core::SC_NS);
    CHECK(p.notes == std::vector<std::string>{"30 ns event " + std::to_string(event(guest_crashloaded_event{}).index()),
                                              "70 ns event " + std::to_string(event(guest_panicked_event{}).index()),
                                              "70 ns event " + std::to_string(event(stop_event{}).index())});
    CHECK(p.controller.clock.now() == ns(70));
}

TEST_CASE("cpu gate: a reset makes void what was stated for later")
{
    platform p("p");
    p.cpu = [&] {
        p.gate.wait_until_running();
        {
            const local_time later(sc_time(70, sc_core::SC_NS));
            p.controller.guest_panicked(std::nullopt, report_context::vcpu);
        }
        p.gate.wait_until_running(sc_time(70, sc_core::SC_NS));
        CHECK(p.gate.take_reset() == reset_kind::warm);
        p.note("reset");
    };
    at resets("resets", 50, [&] { p.command([](run_control& c) { c.system_reset(); }); });
    sc_core::sc_start(200, sc_core::SC_NS);
    CHECK(p.notes == std::vector<std::string>{"50 ns reset"});
    CHECK(p.controller.control().running());
}

TEST_CASE("cpu gate: an NMI draws attention, and a reset forgets it")
{
    platform p("p");
    p.cpu = [&] {
        p.gate.wait_until_running();
        wait(p.gate.changed());
        CHECK(p.gate.attention());
        p.gate.wait_until_running();
        CHECK(p.gate.take_nmi());
        CHECK_FALSE(p.gate.take_nmi());
        wait(sc_time(50, sc_core::SC_NS));
        p.gate.wait_until_running();
        CHECK(p.gate.take_reset());
        CHECK_FALSE(p.gate.take_nmi());
        p.note("done");
    };
    at nmi("nmi", 10, [&] { p.command([](run_control& c) { c.inject_nmi(); }); });
    at again("again", 20, [&] { p.command([](run_control& c) { c.inject_nmi(); }); });
    at resets("resets", 30, [&] { p.command([](run_control& c) { c.system_reset(); }); });
    sc_core::sc_start(1, sc_core::SC_US);
    CHECK(p.notes.size() == 1);
}

TEST_CASE("cpu gate: a wake-up from S3 is a reset of its own kind")
{
    platform p("p");
    p.cpu = [&] {
        p.gate.wait_until_running();
        p.controller.request_suspend();
        p.gate.wait_until_running();
        CHECK(p.gate.take_reset() == reset_kind::wakeup);
        p.note("awake");
    };
    at wakes("wakes", 90, [&] { p.command([](run_control& c) { CHECK_FALSE(c.system_wakeup()); }); });
    sc_core::sc_start(1, sc_core::SC_US);
    CHECK(p.notes == std::vector<std::string>{"90 ns awake"});
}

TEST_CASE("cpu gate: an SC_METHOD asks whether it may execute, and is told when that changes")
{
    struct method_cpu : sc_core::sc_module {
        method_cpu(const sc_core::sc_module_name& name, cpu_gate& its) : sc_module(name), gate(its)
        {
            SC_HAS_PROCESS(method_cpu);
            SC_METHOD(execute);
        }
        void execute()
        {
            if (gate.attention() && !gate.ready()) return next_trigger(gate.changed());
            if (gate.take_reset()) instructions = 0;
            ++instructions;
            next_trigger(10, sc_core::SC_NS);
        }
        cpu_gate& gate;
        int instructions = 0;
    };
    platform p("p");
    method_cpu cpu("cpu", p.gate);
    int while_stopped = 0;
    at stops("stops", 105, [&] { p.command([](run_control& c) { c.stop(); }); });
    at looks("looks", 400, [&] { while_stopped = cpu.instructions; });
    at goes("goes", 505, [&] { p.command([](run_control& c) { c.cont(); }); });
    at resets("resets", 605, [&] { p.command([](run_control& c) { c.system_reset(); }); });
    sc_core::sc_start(706, sc_core::SC_NS);
    CHECK(while_stopped == 11);
    CHECK(cpu.instructions == 10);
}

TEST_CASE("cpu gate: each reset of the machine is a pulse of one delta cycle on the pin")
{
    platform p("p");
    sc_core::sc_signal<bool, sc_core::SC_MANY_WRITERS> line("line");
    p.gate.reset_pulse.bind(line);
    int edges = 0;
    struct counter : sc_core::sc_module {
        counter(const sc_core::sc_module_name& name, sc_core::sc_signal<bool, sc_core::SC_MANY_WRITERS>& its, int& all)
            : sc_module(name), signal(its), count(all)
        {
            SC_HAS_PROCESS(counter);
            SC_METHOD(edge);
            sensitive << signal.posedge_event();
            dont_initialize();
        }
        void edge() { ++count; }
        sc_core::sc_signal<bool, sc_core::SC_MANY_WRITERS>& signal;
        int& count;
    } counts("counts", line, edges);
    at first("first", 10, [&] { p.command([](run_control& c) { c.system_reset(); }); });
    at second("second", 20, [&] { p.command([](run_control& c) { c.system_reset(); }); });
    sc_core::sc_start(15, sc_core::SC_NS);
    CHECK(edges == 1);
    CHECK_FALSE(line.read());
    sc_core::sc_start(15, sc_core::SC_NS);
    CHECK(edges == 2);
}
