// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QTEST_DETAIL_QTEST_ADAPTER_H
#define VIGIL_QMP_BRIDGE_QTEST_DETAIL_QTEST_ADAPTER_H

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <systemc>

#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/msr_space.h>
#include <vigil/qmp-bridge/qtest/port_region.h>
#include <vigil/qmp-bridge/qtest/qtest_session.h>
#include <vigil/qmp-bridge/serve/detail/pump.h>
#include <vigil/runstate/controller.h>

namespace vigil::qmp_bridge {

/// Puts the qtest protocol's accesses on the platform's buses (origin: test) and its clock commands to the pump.
class qtest_adapter : public sc_core::sc_module, public qtest_machine {
public:
    qtest_adapter(const sc_core::sc_module_name& name, runstate::controller& controller, pump& driver);

    /// To be bound to the I/O port router and the memory router.
    bus::bus_initiator io{"io", bus::initiator_kind::test};
    bus::bus_initiator memory{"memory", bus::initiator_kind::test};
    /// To be bound to the MSR space; optional: unbound, every MSR faults.
    bus::bus_initiator msr{"msr", bus::initiator_kind::test};

    /// As in `qmp_server::qtest_options`.
    std::function<port_region(std::uint16_t port)> region_of_port;

    /// Says how many vCPUs there are; 1 at first. They share their MSRs: an access is the test's, whichever it names.
    void set_cpus(unsigned count) noexcept { cpus_ = count; }

    /// Makes a device with `inputs` unnamed input lines known to irq_intercept_in and set_irq_in under `path`.
    void add_interrupt_lines(const std::string& path, int inputs);

    /// Told of changes of intercepted lines; owned by whoever serves the protocol.
    std::function<void(int number, bool level)> interrupt_changed;

    // qtest_machine
    std::uint32_t port_in(std::uint16_t port, unsigned width) override;
    void port_out(std::uint16_t port, unsigned width, std::uint32_t value) override;
    std::uint64_t memory_read(std::uint64_t address, unsigned width) override;
    void memory_write(std::uint64_t address, unsigned width, std::uint64_t value) override;
    void memory_read(std::uint64_t address, std::uint8_t* data, std::size_t length) override;
    void memory_write(std::uint64_t address, const std::uint8_t* data, std::size_t length) override;
    unsigned cpus() const override { return cpus_; }
    std::optional<std::uint64_t> read_msr(std::uint32_t index, unsigned cpu) override;
    bool write_msr(std::uint32_t index, std::uint64_t value, unsigned cpu) override;
    bool clock_driven() const override;
    std::int64_t clock_now() override;
    std::int64_t clock_next_deadline() override;
    void clock_advance_to(std::int64_t target) override;
    bool intercept_irqs(std::string_view path, bool out) override;
    bool set_irq_in(std::string_view path, std::string_view name, int number, int level) override;
    void open_turn() override;
    void close_turn() override;
    bool exited_at_once() const override;

private:
    bool reaches(std::uint16_t port, unsigned width) const; ///< whether an access reaches what is there

    struct lines {
        std::vector<bool> level;
        bool intercepted = false;
    };

    void before_end_of_elaboration() override;

    runstate::controller& controller_;
    pump& pump_;
    bus::msr_space no_msrs_{"no_msrs"}; ///< where `msr` leads when nobody binds it
    unsigned cpus_ = 1;
    std::map<std::string, lines, std::less<>> lines_;
};

} // namespace vigil::qmp_bridge

#endif
