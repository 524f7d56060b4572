// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/vfio-user/vfio_user_function.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <catch.h>
#include <systemc>

#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/pci_host.h>
#include <vigil/bus/vfio-user/vfio_user_session.h>

#include "../recorder.h"
#include "vfio_client.h"

using namespace vfio_client;
using vigil::bus::bus_initiator;
using vigil::bus::initiator_kind;
using vigil::bus::vfio_user_function;
using vigil::bus::vfio_user_session;
using vigil::runstate::reset_kind;

namespace {

constexpr std::uint16_t k_intx_disable = 0x0400;

/// What is reset, and how.
struct reset_log final : vigil::runstate::resettable {
    void reset(reset_kind kind) override { kinds.push_back(kind); }
    std::vector<reset_kind> kinds;
};

/// A PCI function with a pin and four messages. Its register at 0 drives the pin, by way of a process and a signal; the
/// one at 4 has it write the register at 8 to guest memory, at the address in the register at 12; there is none at 16.
struct dma_function final : vigil::bus::pci_function, vigil::runstate::resettable, private vigil::bus::register_device {
    explicit dma_function(const sc_core::sc_module_name& name) : pci_function(name, {0x1234, 0x11E8, 0x00FF00})
    {
        set_config(0x3D, 1, 1);
        set_config(vigil::bus::pci_reg::status, 2, 0x0010);
        set_config(0x34, 1, 0x50);
        set_config(0x50, 2, 0x6001); // power management, as any list may begin
        set_config(0x60, 4, 0x0084'0005);
        add_bar(0, vigil::bus::bar_kind::memory, 32, registers);

        SC_HAS_PROCESS(dma_function);
        SC_METHOD(drive_pin);
        sensitive << pin_changes;
        dont_initialize();
    }

    void reset(reset_kind /*kind*/) override
    {
        reset_header();
        set_pin(false);
    }
    void write(std::uint64_t offset, unsigned /*width*/, std::uint64_t value,
               const vigil::bus::access_context& /*context*/) override
    {
        words.at(offset / 4) = static_cast<std::uint32_t>(value);
        if (offset == 0) set_pin(value != 0);
        if (offset == 4) response = initiator.write_value(words[3], 4, words[2]);
    }
    std::uint64_t peek(std::uint64_t offset, unsigned /*width*/) const override { return words.at(offset / 4); }

    void set_pin(bool level)
    {
        pin_level = level;
        pin_changes.notify(sc_core::SC_ZERO_TIME);
    }
    void drive_pin() { pin.write(pin_level); }

    vigil::bus::register_socket registers{"registers", *this, 16};
    bus_initiator initiator{"initiator", initiator_kind::host};
    sc_core::sc_signal<bool> pin{"pin"};
    sc_core::sc_event pin_changes{"pin_changes"};
    std::array<std::uint32_t, 4> words{};
    bool pin_level = false;
    tlm::tlm_response_status response = tlm::TLM_INCOMPLETE_RESPONSE;
};

/// The DMA function behind a session that has agreed on the version.
struct served_function {
    served_function()
    {
        function.initiator.socket.bind(device.dma);
        device.intx(function.pin);
        elaborate();
        reply_to(session, greeting());
    }
    int error_of(const std::string& request, std::vector<descriptor> descriptors = {})
    {
        return error_in(reply_to(session, request, std::move(descriptors)));
    }
    /// Writes a register of BAR 0.
    void set(std::uint64_t offset, std::uint32_t value)
    {
        CHECK(error_of(write_request(0, offset, bytes_of(value))) == 0);
    }
    /// Has the function write to guest memory.
    tlm::tlm_response_status write_guest(std::uint32_t address, std::uint32_t value)
    {
        set(8, value);
        set(12, address);
        set(4, 1);
        return function.response;
    }
    /// Lets the pin settle; how often the client was signalled then.
    std::uint64_t signalled(const descriptor& event)
    {
        for (unsigned i = 0; i < 2 * vfio_user_function::k_settling_deltas; ++i) elaborate();
        return taken_from(event);
    }

    dma_function function{"function"};
    vfio_user_function device{"device", function, function};
    vfio_user_session session{device};
};

} // namespace

TEST_CASE("vfio-user function: accesses reach the function whole, as those of vCPU 0")
{
    sample_function function("function");
    reset_log resets;
    vfio_user_function device("device", function, resets);
    elaborate();
    std::array<std::uint8_t, 256> bytes{1, 2, 3, 4, 5, 6, 7, 8};
    CHECK(device.region_size(wire::region_config) == 256);
    CHECK(device.region_size(0) == 16);
    CHECK(device.region_size(1) == 0);
    CHECK(device.region_size(2) == 8);

    // A register of its own width, though configuration space is storage around it.
    CHECK(device.write(wire::region_config, 0x60, bytes.data(), 2));
    CHECK(function.live == 0x0201);
    CHECK(function.origin.kind == initiator_kind::vcpu);
    CHECK(function.origin.vcpu == 0);
    CHECK(device.read(wire::region_config, 0x5F, bytes.data(), 4));
    CHECK(device.read(wire::region_config, 0, bytes.data(), 256));
    CHECK(bytes[0] == 0x86);
    CHECK(bytes[0x60] == 0);

    function.memory_device.take();
    CHECK(device.write(0, 8, bytes.data(), 8));
    CHECK(function.memory_device.take() == "w4@8=25AB8086 w4@C=0");
    CHECK(device.read(0, 13, bytes.data(), 3));
    CHECK(function.memory_device.take() == "r1@D r2@E");
    CHECK(function.memory_device.origin.kind == initiator_kind::vcpu);
    CHECK(device.write(2, 6, bytes.data(), 2));
    CHECK(function.io_device.take().substr(0, 5) == "w2@6=");
}

TEST_CASE("vfio-user function: an access that the function answers with an error is not done")
{
    served_function served;
    CHECK(served.device.region_size(0) == 32);
    CHECK(served.error_of(read_request(0, 12, 4)) == 0);
    CHECK(served.error_of(read_request(0, 16, 4)) == EINVAL);
    CHECK(served.error_of(read_request(0, 12, 8)) == EINVAL);
    CHECK(served.error_of(write_request(0, 28, "abcd")) == EINVAL);
}

TEST_CASE("vfio-user function: a client's arrival is a power-on, and its reset a warm one")
{
    sample_function function("function");
    reset_log resets;
    vfio_user_function device("device", function, resets);
    elaborate();
    vfio_user_session session(device);
    session.opened();
    reply_to(session, greeting());
    CHECK(error_in(reply_to(session, message(wire::command::device_reset))) == 0);
    CHECK(resets.kinds == std::vector<reset_kind>{reset_kind::cold, reset_kind::warm});
}

TEST_CASE("vfio-user function: the function's initiator reaches the memory that the client shares")
{
    served_function served;
    const descriptor file = memory_file(2 * k_page);
    CHECK(served.write_guest(0x8000, 1) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    REQUIRE(served.error_of(map_request(0x8000, 2 * k_page), with(copy_of(file))) == 0);
    CHECK(served.write_guest(0x9004, 0xCAFEF00D) == tlm::TLM_OK_RESPONSE);
    std::uint32_t word = 0;
    CHECK(::pread(file.number(), &word, sizeof word, k_page + 4) == sizeof word);
    CHECK(word == 0xCAFEF00D);
    CHECK(served.write_guest(0x9FFE, 1) == tlm::TLM_ADDRESS_ERROR_RESPONSE);

    REQUIRE(::ftruncate(file.number(), k_page) == 0);
    CHECK(served.write_guest(0x9004, 1) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(served.write_guest(0x8004, 1) == tlm::TLM_OK_RESPONSE);
    REQUIRE(served.error_of(unmap_request(0x8000, 2 * k_page)) == 0);
    CHECK(served.write_guest(0x8004, 1) == tlm::TLM_ADDRESS_ERROR_RESPONSE);

    REQUIRE(served.error_of(map_request(0x8000, k_page)) == 0); // without a descriptor
    CHECK(served.write_guest(0x8004, 1) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    REQUIRE(served.error_of(map_request(0x20000, k_page, wire::dma_readable), with(copy_of(file))) == 0);
    CHECK(served.write_guest(0x20000, 1) == tlm::TLM_COMMAND_ERROR_RESPONSE);
}

TEST_CASE("vfio-user function: guest memory answers what TLM-2.0 asks of a target")
{
    served_function served;
    REQUIRE(served.error_of(map_request(0, k_page), with(memory_file(k_page))) == 0);
    bus_initiator& initiator = served.function.initiator;
    std::array<std::uint8_t, 16> bytes{};
    CHECK(initiator.write_value(0, 8, 0x0102'0304'0506'0708) == tlm::TLM_OK_RESPONSE);
    CHECK(initiator.read_value(3, 2) == 0x0405);
    CHECK(initiator.read_debug(0, bytes.data(), bytes.size()) == bytes.size());
    CHECK(bytes[0] == 8);
    CHECK(initiator.read_debug(k_page - 1, bytes.data(), 2) == 0);

    sc_core::sc_time delay;
    const auto status_of = [&](struct access& one) {
        initiator.socket->b_transport(one, delay);
        return one.get_response_status();
    };
    struct access enabled(tlm::TLM_READ_COMMAND, 0, bytes.data(), 4);
    enabled.set_byte_enable_ptr(bytes.data());
    CHECK(status_of(enabled) == tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
    struct access nothing(tlm::TLM_READ_COMMAND, 0, bytes.data(), 0);
    CHECK(status_of(nothing) == tlm::TLM_BURST_ERROR_RESPONSE);
    struct access nowhere(tlm::TLM_WRITE_COMMAND, 0, nullptr, 4);
    CHECK(status_of(nowhere) == tlm::TLM_GENERIC_ERROR_RESPONSE);
    struct access ignored(tlm::TLM_IGNORE_COMMAND, 0x100000, nullptr, 4);
    CHECK(status_of(ignored) == tlm::TLM_OK_RESPONSE);
    CHECK(initiator.socket->transport_dbg(ignored) == 0);

    struct access direct(tlm::TLM_READ_COMMAND, 0, bytes.data(), 4);
    tlm::tlm_dmi dmi;
    CHECK(!initiator.socket->get_direct_mem_ptr(direct, dmi));
}

TEST_CASE("vfio-user function: the pin's level reaches the client once, and again only if it is still high")
{
    served_function served;
    const descriptor event = event_file();
    REQUIRE(served.error_of(irq_request(0x24, 0, 0, 1), with(copy_of(event))) == 0);
    CHECK(served.signalled(event) == 0);
    served.set(0, 1);
    CHECK(served.signalled(event) == 1);
    CHECK(served.device.interrupts().intx_level());

    // The handler takes the cause away; the client sends its unmask at once.
    CHECK(error_in(reply_to(served.session, write_request(0, 0, std::string(4, '\0'), wire::flag_no_reply) +
                                                irq_request(0x11, 0, 0, 1))) == 0);
    CHECK(served.signalled(event) == 0);
    served.set(0, 1);
    CHECK(served.signalled(event) == 1);
    CHECK(served.error_of(irq_request(0x11, 0, 0, 1)) == 0);
    CHECK(served.signalled(event) == 1); // nobody took the cause away

    CHECK(served.error_of(message(wire::command::device_reset) + irq_request(0x11, 0, 0, 1)) == -1); // two replies
    CHECK(served.signalled(event) == 0);
}

TEST_CASE("vfio-user function: a pin that changes by itself reaches the client too")
{
    served_function served;
    const descriptor event = event_file();
    REQUIRE(served.error_of(irq_request(0x24, 0, 0, 1), with(copy_of(event))) == 0);
    CHECK(served.signalled(event) == 0);
    served.function.set_pin(true);
    CHECK(served.signalled(event) == 1);
}

TEST_CASE("vfio-user function: bit 10 of the command register keeps INTx from the client")
{
    served_function served;
    const descriptor event = event_file();
    REQUIRE(served.error_of(irq_request(0x24, 0, 0, 1), with(copy_of(event))) == 0);
    const auto command = [&](std::uint16_t value) {
        CHECK(served.error_of(write_request(wire::region_config, 4, bytes_of(value))) == 0);
    };
    command(k_intx_disable);
    served.set(0, 1);
    CHECK(served.signalled(event) == 0);
    command(0);
    CHECK(served.signalled(event) == 1);
}

TEST_CASE("vfio-user function: a function offers the interrupts that its configuration space says it has")
{
    served_function served;
    CHECK(served.device.interrupts().count(wire::irq_intx) == 1);
    CHECK(served.device.interrupts().count(wire::irq_msi) == 4);
}

TEST_CASE("vfio-user function: a function without pin and capabilities offers no interrupts")
{
    sample_function function("function");
    reset_log resets;
    vfio_user_function device("device", function, resets);
    CHECK(device.interrupts().count(wire::irq_intx) == 0);
    CHECK(device.interrupts().count(wire::irq_msi) == 0);
}

TEST_CASE("vfio-user function: a function has one carrier")
{
    sample_function function("function");
    reset_log resets;
    vigil::bus::pci_host host("host");
    vfio_user_function device("device", function, resets);
    CHECK(report_of([&] { host.attach(function, {3, 0}); }).type == "/vigil/bus/carrier");
}

TEST_CASE("vfio-user function: a function with ports beside its BARs is refused")
{
    struct bridge final : sample_function {
        explicit bridge(const sc_core::sc_module_name& name) : sample_function(name)
        {
            add_port_block(8, io_registers);
        }
    };
    bridge function("function");
    reset_log resets;
    const reported error = report_of([&] { const vfio_user_function device("device", function, resets); });
    CHECK(error.type == "/vigil/bus/vfio_user");
    CHECK(error.text.find("function decodes ports or memory beside its BARs") != std::string::npos);
}
