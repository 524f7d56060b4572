// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qtest/detail/qtest_adapter.h>

namespace vigil::qmp_bridge {

qtest_adapter::qtest_adapter(const sc_core::sc_module_name& name, runstate::controller& controller, pump& driver)
    : sc_module(name), controller_(controller), pump_(driver)
{
}

void qtest_adapter::before_end_of_elaboration()
{
    if (msr.socket.get_base_port().bind_count() == 0) msr.socket.bind(no_msrs_.target);
}

void qtest_adapter::add_interrupt_lines(const std::string& path, int inputs)
{
    lines_[path].level.resize(static_cast<std::size_t>(inputs));
}

bool qtest_adapter::reaches(std::uint16_t port, unsigned width) const
{
    if (!region_of_port) return true;
    const port_region region = region_of_port(port);
    return (port - region.start) % static_cast<int>(width) == 0 && width <= region.widest;
}

std::uint32_t qtest_adapter::port_in(std::uint16_t port, unsigned width)
{
    return reaches(port, width) ? static_cast<std::uint32_t>(io.read_value(port, width)) : 0;
}

void qtest_adapter::port_out(std::uint16_t port, unsigned width, std::uint32_t value)
{
    if (reaches(port, width)) io.write_value(port, width, value);
}

std::uint64_t qtest_adapter::memory_read(std::uint64_t address, unsigned width)
{
    return memory.read_value(address, width);
}

void qtest_adapter::memory_write(std::uint64_t address, unsigned width, std::uint64_t value)
{
    memory.write_value(address, width, value);
}

void qtest_adapter::memory_read(std::uint64_t address, std::uint8_t* data, std::size_t length)
{
    memory.read(address, data, length);
}

void qtest_adapter::memory_write(std::uint64_t address, const std::uint8_t* data, std::size_t length)
{
    memory.write(address, data, length);
}

std::optional<std::uint64_t> qtest_adapter::read_msr(std::uint32_t index, unsigned /*cpu*/)
{
    const std::uint64_t value = msr.read_value(index, 8);
    if (msr.last_response() != tlm::TLM_OK_RESPONSE) return std::nullopt;
    return value;
}

bool qtest_adapter::write_msr(std::uint32_t index, std::uint64_t value, unsigned /*cpu*/)
{
    return msr.write_value(index, 8, value) == tlm::TLM_OK_RESPONSE;
}

bool qtest_adapter::clock_driven() const { return pump_.settings().time == pace::driven; }

std::int64_t qtest_adapter::clock_now() { return controller_.clock.now().count(); }

std::int64_t qtest_adapter::clock_next_deadline()
{
    const runstate::ns next = controller_.clock.next_deadline();
    return next == runstate::k_never || !controller_.clock.running() ? -1 : next.count();
}

void qtest_adapter::clock_advance_to(std::int64_t target) { pump_.advance_to(runstate::ns(target)); }

bool qtest_adapter::intercept_irqs(std::string_view path, bool out)
{
    const auto device = lines_.find(path);
    if (device == lines_.end()) return false;
    if (!out) device->second.intercepted = true; // no device here has an output line that qtest can see
    return true;
}

bool qtest_adapter::set_irq_in(std::string_view path, std::string_view name, int number, int level)
{
    const auto device = lines_.find(path);
    if (device == lines_.end() || name != "unnamed-gpio-in") return false;
    std::vector<bool>& levels = device->second.level;
    if (number < 0 || static_cast<std::size_t>(number) >= levels.size()) return false;
    const bool high = level != 0;
    const bool changed = levels[static_cast<std::size_t>(number)] != high;
    levels[static_cast<std::size_t>(number)] = high;
    if (changed && device->second.intercepted && interrupt_changed) interrupt_changed(number, high);
    return true;
}

void qtest_adapter::open_turn() { controller_.control().open_turn(); }

void qtest_adapter::close_turn() { controller_.control().close_turn(); }

bool qtest_adapter::exited_at_once() const { return controller_.control().exited_at_once(); }

} // namespace vigil::qmp_bridge
