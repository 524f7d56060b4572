// SPDX-License-Identifier: Apache-2.0
// A PCI function of one's own in an unmodified QEMU: adds up what a guest writes, and interrupts when 100 is reached.
#include <vigil/bus/vfio-user/vfio_user_function.h>
#include <vigil/qmp-bridge/qmp_server.h>
#include <vigil/runstate/controller.h>

class adder : public vigil::bus::pci_function, public vigil::runstate::resettable, private vigil::bus::register_device {
public:
    explicit adder(const sc_core::sc_module_name& name) : pci_function(name, {0x1234, 0x0ADD, 0xFF0000})
    {
        add_bar(0, vigil::bus::bar_kind::memory, 16, registers);
        add_interrupt_pin();
    }
    vigil::bus::register_socket registers{"registers", *this, 16};
    sc_core::sc_out<bool> irq{"irq"};

    void reset(vigil::runstate::reset_kind) override
    {
        reset_header();
        set_sum(0);
    }

private:
    // Offset 0: reads the sum, or writes another; offset 4: writes what is to be added.
    std::uint64_t peek(std::uint64_t offset, unsigned) const override { return offset == 0 ? sum_ : 0; }
    void write(std::uint64_t offset, unsigned, std::uint64_t value, const vigil::bus::access_context&) override
    {
        if (offset == 0) set_sum(value);
        if (offset == 4) set_sum(sum_ + value);
    }
    void set_sum(std::uint64_t sum)
    {
        sum_ = sum & 0xFFFF'FFFF;
        irq.write(sum_ >= 100);
        show_interrupt(sum_ >= 100);
    }
    std::uint64_t sum_ = 0;
};

int sc_main(int argc, char* argv[])
{
    vigil::runstate::controller controller("controller");
    adder function("adder");
    sc_core::sc_signal<bool> irq("irq");
    function.irq(irq);
    vigil::bus::vfio_user_function port("port", function, function);
    port.intx(irq);

    vigil::qmp_bridge::qmp_server_options options;
    options.time = {vigil::qmp_bridge::waiting::blocking, vigil::qmp_bridge::pace::paced}; // as the guest's time
    vigil::qmp_bridge::qmp_server server("server", controller, {}, options);
    server.serve_vfio_user(argc > 1 ? argv[1] : "unix:adder.sock", port);
    server.run();
    return server.exit_status();
}
