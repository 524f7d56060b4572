// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <vigil/runstate/controller.h>

#include "i6300esb_rig.h"

using vigil::models::i6300esb_parameters;
using namespace vigil::models::test;
using vigil::runstate::reset_kind;

namespace {

/// Counts the changes of one signal.
struct change_counter : sc_core::sc_module {
    explicit change_counter(const sc_core::sc_module_name& name) : sc_module(name)
    {
        SC_HAS_PROCESS(change_counter);
        SC_METHOD(count);
        sensitive << in;
        dont_initialize();
    }
    void count() { ++changes; }

    sc_core::sc_in<bool> in{"in"};
    unsigned changes = 0;
};

i6300esb_parameters with_pins(bool hardware_interrupt_type)
{
    i6300esb_parameters parameters;
    parameters.stage1_interrupt = true;
    parameters.timeout_pin = true;
    parameters.hardware_interrupt_type = hardware_interrupt_type;
    return parameters;
}

struct pin_rig : rig {
    explicit pin_rig(const sc_core::sc_module_name& name, bool hardware_interrupt_type = false)
        : rig(name, with_pins(hardware_interrupt_type))
    {
        device.irq.bind(irq);
        device.tout_n.bind(tout_n);
        irq_changes.in.bind(irq);
        tout_changes.in.bind(tout_n);
    }
    void arm(std::uint32_t configuration)
    {
        cfg(reg::wdt_configuration, 2, configuration);
        preloads(10, 10); // 9600 ns each on the 1 MHz scale
        lock(bit::wdt_enable);
    }
    void settle() { vigil::models::test::pass(vigil::runstate::ns(0)); }

    sc_core::sc_signal<bool> irq{"irq"};
    sc_core::sc_signal<bool> tout_n{"tout_n", true};
    change_counter irq_changes{"irq_changes"};
    change_counter tout_changes{"tout_changes"};
};

} // namespace

TEST_CASE("i6300esb pins: the interrupt is high from the end of stage 1 to the end of stage 2")
{
    pin_rig r("rig");
    r.settle();
    CHECK(r.tout_n.read());
    r.arm(0x0004);
    r.run_to(9599);
    CHECK_FALSE(r.irq.read());
    r.run_to(9600);
    CHECK(r.irq.read());
    CHECK(r.mem(reg::general_interrupt_status, 4) == 0);
    r.run_to(19199);
    CHECK(r.irq.read());
    CHECK(r.tout_n.read());
    r.run_to(19200);
    CHECK_FALSE(r.irq.read());
    CHECK_FALSE(r.tout_n.read());
    r.run_to(1000000);
    CHECK_FALSE(r.tout_n.read());
    r.device.reset(reset_kind::warm);
    r.settle();
    CHECK(r.tout_n.read());
    CHECK(r.irq_changes.changes == 2);
    CHECK(r.tout_changes.changes == 2);
}

TEST_CASE("i6300esb pins: reload, disable and reset end the interrupt")
{
    pin_rig r("rig");
    r.arm(0x0024);
    r.run_to(9600);
    CHECK(r.irq.read());
    r.kick();
    r.settle();
    CHECK_FALSE(r.irq.read());
    r.run_to(19200);
    CHECK(r.irq.read());
    r.lock(0);
    r.settle();
    CHECK_FALSE(r.irq.read());
    r.lock(bit::wdt_enable);
    r.run_to(28800);
    CHECK(r.irq.read());
    r.device.reset(reset_kind::warm);
    r.settle();
    CHECK_FALSE(r.irq.read());
    CHECK(r.tout_changes.changes == 0);
}

TEST_CASE("i6300esb pins: no interrupt with another type, no timeout with the output disabled")
{
    pin_rig r("rig");
    r.arm(0x0025);
    r.run_to(100000);
    CHECK(r.irq_changes.changes == 0);
    CHECK(r.tout_changes.changes == 0);
}

TEST_CASE("i6300esb pins: QEMU's mask takes SMI for IRQ")
{
    pin_rig r("rig");
    r.arm(0x0006);
    r.run_to(9600);
    CHECK(r.irq.read());
}

TEST_CASE("i6300esb pins: with the hardware's encoding SMI and disabled raise no IRQ")
{
    pin_rig r("rig", true);
    for (const std::uint32_t type : {1U, 2U, 3U}) {
        r.arm(0x0024 | type);
        r.run_to(r.clock.now().count() + 15000);
        CHECK(r.mem(reg::general_interrupt_status, 4) == 0);
        r.lock(0);
    }
    CHECK(r.irq_changes.changes == 0);
}

TEST_CASE("i6300esb pins: with the hardware's encoding the interrupt status shows and clears the interrupt")
{
    pin_rig r("rig", true);
    r.arm(0x0004);
    CHECK(r.mem(reg::general_interrupt_status, 4) == 0);
    r.run_to(9600);
    CHECK(r.mem(reg::general_interrupt_status, 4) == bit::wdt_int_act);
    CHECK(r.mem(reg::general_interrupt_status, 2) == 0);
    CHECK(r.mem(reg::general_interrupt_status, 1) == 0);
    r.mem(reg::general_interrupt_status, 1, 1);
    r.mem(reg::general_interrupt_status, 2, 1);
    r.mem(reg::general_interrupt_status, 4, 0xFFFFFFFE);
    CHECK(r.mem(reg::general_interrupt_status, 4) == bit::wdt_int_act);
    r.mem(reg::general_interrupt_status, 4, bit::wdt_int_act); // without unlocking
    CHECK(r.mem(reg::general_interrupt_status, 4) == 0);
    r.settle();
    CHECK_FALSE(r.irq.read());
    r.run_to(19200);
    CHECK(r.log.back().what == vigil::models::test::k_fact);
}

TEST_CASE("i6300esb pins: clearing the interrupt status consumes the unlocking like any 4-byte write")
{
    pin_rig r("rig", true);
    r.unlock();
    r.mem(reg::general_interrupt_status, 4, bit::wdt_int_act);
    CHECK(r.saved("unlock_state") == 0);
}

TEST_CASE("i6300esb pins: a stage 2 of length zero leaves an interrupt pulse")
{
    pin_rig r("rig");
    r.cfg(reg::wdt_configuration, 2, bit::wdt_output | bit::wdt_pre_sel);
    r.preloads(10, 0);
    r.lock(bit::wdt_enable);
    r.run_to(20000);
    CHECK(r.irq_changes.changes == 2);
    CHECK_FALSE(r.irq.read());
}

TEST_CASE("i6300esb pins: a reset in the same delta cycle leaves a timeout pulse")
{
    pin_rig r("rig");
    r.on_expired = [&r] { r.device.reset(reset_kind::warm); };
    r.arm(0x0004);
    r.run_to(20000);
    CHECK(r.tout_changes.changes == 2);
    CHECK(r.tout_n.read());
}

TEST_CASE("i6300esb pins: a pin asked for and not bound is an elaboration error")
{
    i6300esb_parameters parameters;
    parameters.timeout_pin = true;
    rig r("rig", parameters);
    CHECK_THROWS_AS(sc_core::sc_start(sc_core::SC_ZERO_TIME), sc_core::sc_report);
}

TEST_CASE("i6300esb pins: a pin that is bound and not asked for is an elaboration error")
{
    rig r("rig");
    sc_core::sc_signal<bool> irq("irq");
    r.device.irq.bind(irq);
    CHECK_THROWS_AS(sc_core::sc_start(sc_core::SC_ZERO_TIME), sc_core::sc_report);
}

TEST_CASE("i6300esb pins: unused, there is nothing behind them and they cause no kernel event")
{
    rig r("rig");
    r.cfg(reg::wdt_configuration, 2, bit::wdt_output | bit::wdt_pre_sel);
    r.preloads(10, 10);
    r.lock(bit::wdt_enable);
    r.run_to(1000);
    r.device.reset(reset_kind::warm);
    CHECK_FALSE(sc_core::sc_pending_activity_at_current_time());
    CHECK(r.device.tout_n.size() == 0);
    CHECK(r.device.irq.size() == 0);
    for (const sc_core::sc_object* child : r.device.get_child_objects()) {
        const std::string kind = child->kind();
        CHECK((kind != "sc_signal" && kind != "sc_module" && kind != "sc_method_process"));
    }
}

TEST_CASE("i6300esb pins: a restore that another component refuses leaves TOUT# low and the interrupt as it is")
{
    struct fastidious final : vigil::runstate::snapshottable {
        std::string_view section() const override { return "fastidious"; }
        vigil::runstate::saved_state save() const override { return {{"value", std::uint64_t{0}}}; }
        vigil::runstate::prepared_restore prepare(const vigil::runstate::saved_state&) override
        {
            return "fastidious: nothing is good enough";
        }
    } other;
    pin_rig r("rig", true);
    vigil::runstate::controller machine("machine");
    machine.add_snapshottable(r.device);
    machine.add_snapshottable(other);
    r.arm(0x0004);
    r.run_to(9600 + 9600);
    r.settle();
    REQUIRE_FALSE(r.tout_n.read());
    const auto tout_changes = r.tout_changes.changes;
    const auto irq_changes = r.irq_changes.changes;
    const auto before = r.device.save();

    const auto restored = machine.restore(machine.save());
    REQUIRE_FALSE(restored);
    CHECK(restored.why().text == "fastidious: nothing is good enough");
    r.settle();
    CHECK_FALSE(r.tout_n.read());
    CHECK(r.tout_changes.changes == tout_changes);
    CHECK(r.irq_changes.changes == irq_changes);
    CHECK(vigil::models::test::same(r.device.save(), before));
}

TEST_CASE("i6300esb pins: a CPU that clears the interrupt before it yields is told of it once, at once")
{
    rig r("rig", with_pins(false));
    sc_core::sc_signal<bool> irq("irq");
    sc_core::sc_signal<bool> tout_n("tout_n", true);
    r.device.irq.bind(irq);
    r.device.tout_n.bind(tout_n);
    vigil::bus::bus_initiator cpu("cpu", vigil::bus::initiator_kind::vcpu);
    cpu.socket.bind(r.device.registers);
    std::vector<std::int64_t> taken;
    r.device.irq_changed = [&](bool active) {
        if (active) taken.push_back(r.clock.now().count());
    };
    r.cfg(reg::wdt_configuration, 2, bit::wdt_pre_sel);
    r.preloads(10, 10); // 9600 ns each on the 1 MHz scale
    r.lock(bit::wdt_enable);
    cpu.delay() = sc_core::sc_time(10, sc_core::SC_US); // so far has it run ahead of the kernel
    cpu.read_value(reg::general_interrupt_status, 4);
    CHECK(taken == std::vector<std::int64_t>{9600});
    cpu.write_value(reg::reload, 2, key::first);
    cpu.write_value(reg::reload, 2, key::second);
    cpu.write_value(reg::reload, 2, bit::wdt_reload);
    pass(ns(19599)); // stage 1 counts anew from 10000 ns
    CHECK(taken.size() == 1);
    pass(ns(1));
    CHECK(taken == std::vector<std::int64_t>{9600, 19600});
}
