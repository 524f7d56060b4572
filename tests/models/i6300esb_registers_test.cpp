// SPDX-License-Identifier: Apache-2.0
// Which access reaches which register, through the device's own sockets. The tables were observed on QEMU 7.2.
#include <catch.h>

#include "i6300esb_rig.h"

using vigil::models::i6300esb;
using vigil::models::i6300esb_parameters;
using namespace vigil::models::test;
using vigil::runstate::reset_kind;

namespace {

constexpr std::uint32_t k_all_ones[] = {0, 0xFF, 0xFFFF, 0, 0xFFFFFFFF};

} // namespace

TEST_CASE("i6300esb: every row of the register tables reads its reset value with its own width")
{
    rig r("rig");
    for (int pass = 0; pass < 2; ++pass) {
        for (const auto& row : i6300esb::configuration_registers()) {
            CAPTURE(row.name);
            CHECK(r.cfg(row.offset, row.width) == row.reset);
            CHECK(r.config.last_response() == tlm::TLM_OK_RESPONSE);
            r.cfg(row.offset, row.width, k_all_ones[row.width]);
        }
        for (const auto& row : i6300esb::memory_registers()) {
            CAPTURE(row.name);
            CHECK(r.mem(row.offset, row.width) == row.reset);
            CHECK(r.memory.last_response() == tlm::TLM_OK_RESPONSE);
            r.unlock();
            r.mem(row.offset, row.width, k_all_ones[row.width]);
        }
        r.device.reset(reset_kind::warm);
    }
}

TEST_CASE("i6300esb: the rows of the register tables are apart, named and described")
{
    const auto check = [](const auto& table, std::uint32_t size) {
        for (std::size_t i = 0; i < table.size(); ++i) {
            const auto& row = table[i];
            CAPTURE(row.name);
            CHECK(row.offset % row.width == 0);
            CHECK(row.offset + row.width <= size);
            CHECK(std::string(row.name) != "");
            CHECK(std::string(row.description) != "");
            if (i > 0) CHECK(row.offset >= table[i - 1].offset + table[i - 1].width);
            CHECK(vigil::bus::find_register(table, row.offset, row.width) == &row);
        }
    };
    check(i6300esb::configuration_registers(), 256);
    check(i6300esb::memory_registers(), 16);
}

TEST_CASE("i6300esb: identity and header")
{
    rig r("rig");
    CHECK(r.cfg(pci_reg::vendor_id, 4) == 0x25AB8086);
    CHECK(r.cfg(pci_reg::revision_id, 4) == 0x08800000);
    CHECK(r.cfg(pci_reg::subsystem_vendor_id, 4) == 0x11001AF4);
    for (const std::uint32_t offset :
         {0x04U, 0x0CU, 0x10U, 0x14U, 0x18U, 0x1CU, 0x20U, 0x24U, 0x28U, 0x30U, 0x34U, 0x38U, 0x3CU}) {
        CAPTURE(offset);
        CHECK(r.cfg(offset, 4) == 0);
        r.cfg(offset, 4, 0xFFFFFFFF);
    }
    CHECK(r.cfg(pci_reg::command, 4) == 0x00000507);
    CHECK(r.cfg(pci_reg::cache_line_size, 4) == 0x000000FF);
    CHECK(r.cfg(pci_reg::bar0, 4) == 0xFFFFFFF0);
    for (const std::uint32_t offset : {0x14U, 0x18U, 0x1CU, 0x20U, 0x24U, 0x28U, 0x30U, 0x34U, 0x38U}) {
        CAPTURE(offset);
        CHECK(r.cfg(offset, 4) == 0);
    }
    CHECK(r.cfg(pci_reg::interrupt_line, 4) == 0x000000FF);
    for (std::uint32_t offset = 0x00; offset < 0x04; ++offset) r.cfg(offset, 1, 0x5A);
    for (std::uint32_t offset = 0x08; offset < 0x0C; ++offset) r.cfg(offset, 1, 0x5A);
    for (std::uint32_t offset = 0x2C; offset < 0x30; ++offset) r.cfg(offset, 1, 0x5A);
    CHECK(r.cfg(pci_reg::vendor_id, 4) == 0x25AB8086);
    CHECK(r.cfg(pci_reg::revision_id, 4) == 0x08800000);
    CHECK(r.cfg(pci_reg::subsystem_vendor_id, 4) == 0x11001AF4);

    r.device.reset(reset_kind::warm);
    for (const std::uint32_t offset : {0x04U, 0x0CU, 0x10U, 0x3CU}) {
        CAPTURE(offset);
        CHECK(r.cfg(offset, 4) == 0);
    }
}

TEST_CASE("i6300esb: storage from 40h on is plain, and a warm reset keeps it")
{
    rig r("rig");
    for (std::uint32_t offset = 0x40; offset < 0x100; offset += 4) r.cfg(offset, 4, 0xA5000000 + offset);
    for (std::uint32_t offset = 0x40; offset < 0x100; offset += 4) CHECK(r.cfg(offset, 4) == 0xA5000000 + offset);
    CHECK(r.cfg(reg::wdt_configuration, 2) == 0);
    CHECK(r.cfg(reg::wdt_lock, 1) == 0);
    CHECK(r.cfg(reg::wdt_configuration + 2, 2) == 0xA500);
    CHECK(r.cfg(reg::wdt_configuration, 1) == 0x60);
    CHECK(r.cfg(reg::wdt_lock, 2) == 0x0068);
    r.device.reset(reset_kind::warm);
    for (std::uint32_t offset = 0x40; offset < 0x100; offset += 4) CHECK(r.cfg(offset, 4) == 0xA5000000 + offset);
    r.device.reset(reset_kind::cold);
    for (std::uint32_t offset = 0x40; offset < 0x100; offset += 4) CHECK(r.cfg(offset, 4) == 0);
}

TEST_CASE("i6300esb: WDT Configuration answers to 2 bytes at 60h alone")
{
    rig r("rig");
    r.cfg(reg::wdt_configuration, 1, 0x24);
    r.cfg(reg::wdt_configuration + 1, 1, 0xFF);
    r.cfg(reg::wdt_configuration, 4, 0x00000024);
    r.cfg(reg::wdt_configuration + 2, 2, 0x0024);
    CHECK(r.cfg(reg::wdt_configuration, 2) == 0);
    CHECK(r.cfg(reg::wdt_configuration, 4) == 0x00240024);
    CHECK(r.cfg(reg::wdt_configuration, 1) == 0x24);
    CHECK(r.cfg(reg::wdt_configuration + 1, 1) == 0x00);
    r.cfg(reg::wdt_configuration, 2, bit::wdt_output | bit::wdt_pre_sel | 0x11);
    CHECK(r.cfg(reg::wdt_configuration, 2) == (bit::wdt_output | bit::wdt_pre_sel | 0x11));
    CHECK(r.cfg(reg::wdt_configuration, 4) == 0x00240024);
}

TEST_CASE("i6300esb: what WDT Configuration keeps")
{
    struct row {
        std::uint32_t written, read, int_type;
    };
    const std::vector<row> rows{{0x0000, 0x0000, 0x00}, {0x0001, 0x0001, 0x01}, {0x0002, 0x0000, 0x00},
                                {0x0003, 0x0001, 0x01}, {0x0010, 0x0010, 0x10}, {0x0011, 0x0011, 0x11},
                                {0x0013, 0x0011, 0x11}, {0x0020, 0x0020, 0x00}, {0x0004, 0x0004, 0x00},
                                {0x0024, 0x0024, 0x00}, {0xFFFF, 0x0035, 0x11}};
    rig r("rig");
    for (const auto& row : rows) {
        CAPTURE(row.written);
        r.cfg(reg::wdt_configuration, 2, row.written);
        CHECK(r.cfg(reg::wdt_configuration, 2) == row.read);
        CHECK(r.saved("int_type") == row.int_type);
        CHECK(r.saved("reboot_enabled") == ((row.written & 0x20) == 0 ? 1 : 0));
        CHECK(r.saved("clock_scale") == ((row.written & 0x04) != 0 ? 1 : 0));
    }
}

TEST_CASE("i6300esb: the hardware's interrupt type is bits 1:0")
{
    i6300esb_parameters parameters;
    parameters.hardware_interrupt_type = true;
    rig r("rig", parameters);
    for (std::uint32_t type = 0; type < 4; ++type) {
        r.cfg(0x60, 2, 0xFFD8 | type);
        CHECK(r.cfg(reg::wdt_configuration, 2) == type);
    }
    r.cfg(reg::wdt_configuration, 2, 0xFFFF);
    CHECK(r.cfg(reg::wdt_configuration, 2) == 0x0027);
}

TEST_CASE("i6300esb: the type's bits alone can be the hardware's, and the status reads 0")
{
    i6300esb_parameters parameters;
    parameters.hardware_type_bits = true;
    rig r("rig", parameters);
    r.cfg(reg::wdt_configuration, 2, 0xFFFF);
    CHECK(r.cfg(reg::wdt_configuration, 2) == 0x0027);
    r.cfg(reg::wdt_configuration, 2, bit::wdt_pre_sel);
    r.preloads(10, 10);
    r.lock(bit::wdt_enable);
    r.run_to(9600);
    CHECK(r.mem(reg::general_interrupt_status, 4) == 0);
}

TEST_CASE("i6300esb: WDT Lock answers to 1 byte at 68h alone")
{
    rig r("rig");
    r.cfg(reg::wdt_lock, 2, 0x0007);
    r.cfg(reg::wdt_lock, 4, 0x00000007);
    r.cfg(reg::wdt_lock + 1, 1, 0x07);
    CHECK(r.lock() == 0);
    CHECK(r.saved("timer") == UINT64_MAX);
    CHECK(r.cfg(reg::wdt_lock, 2) == 0x0707);
    CHECK(r.cfg(reg::wdt_lock, 4) == 0x00000707);
    for (const std::uint32_t value : {0x02U, 0x04U, 0x06U, 0x00U, 0xF8U, 0xFAU}) {
        CAPTURE(value);
        r.lock(value);
        CHECK(r.lock() == (value & 7));
        CHECK(r.cfg(reg::wdt_lock, 4) == 0x00000707);
    }
}

TEST_CASE("i6300esb: WDT Lock, once locked, ignores everything until a reset")
{
    rig r("rig");
    for (const std::uint32_t locked : {0x01U, 0x03U, 0x05U, 0x07U}) {
        r.lock(locked);
        for (std::uint32_t value = 0; value < 256; ++value) {
            r.lock(value);
            CHECK(r.lock() == locked);
        }
        CHECK((r.saved("timer") != UINT64_MAX) == ((locked & 2) != 0));
        r.cfg(reg::wdt_configuration, 2, bit::wdt_output | bit::wdt_pre_sel);
        CHECK(r.cfg(reg::wdt_configuration, 2) == (bit::wdt_output | bit::wdt_pre_sel)); // not protected
        r.device.reset(reset_kind::warm);
        CHECK(r.lock() == 0);
    }
}

TEST_CASE("i6300esb: the preloads take 4-byte writes at 0 and 4 alone")
{
    rig r("rig");
    for (const unsigned width : {1U, 2U, 4U}) {
        for (std::uint32_t offset = 0; offset < 16; offset += width) {
            CAPTURE(width, offset);
            r.device.reset(reset_kind::warm);
            r.unlock();
            r.mem(offset, width, 0xF234567 & k_all_ones[width]);
            CHECK(r.saved("preload1") == (width == 4 && offset == 0 ? 0x34567U : 0xFFFFFU));
            CHECK(r.saved("preload2") == (width == 4 && offset == 4 ? 0x34567U : 0xFFFFFU));
            CHECK(r.saved("unlock_state") == (width == 1 ? 2U : 0U)); // byte writes do not consume
        }
    }
}

TEST_CASE("i6300esb: locked, no write reaches a memory register")
{
    rig r("rig");
    r.lock(bit::wdt_enable);
    r.run_to(1000);
    const auto before = r.device.save();
    for (const unsigned width : {1U, 2U, 4U}) {
        for (std::uint32_t offset = 0; offset < 16; offset += width) r.mem(offset, width, 0x1300);
    }
    CHECK(vigil::models::test::same(r.device.save(), before));
}

TEST_CASE("i6300esb: memory reads return the flag at 2 bytes of 0Ch and zero elsewhere, and change nothing")
{
    rig r("rig");
    r.cfg(reg::wdt_configuration, 2, bit::wdt_pre_sel);
    r.preloads(0, 0);
    r.lock(bit::wdt_enable);
    r.run_to(1);
    r.preloads(0x12345, 0x54321);
    r.mem(reg::reload, 1, key::first);
    const auto before = r.device.save();
    for (const unsigned width : {1U, 2U, 4U}) {
        for (std::uint32_t offset = 0; offset < 16; offset += width) {
            CAPTURE(width, offset);
            CHECK(r.mem(offset, width) == (width == 2 && offset == 0x0C ? 0x1200U : 0U));
        }
    }
    CHECK(vigil::models::test::same(r.device.save(), before));
    r.mem(reg::reload, 1, key::second);
    CHECK(r.saved("unlock_state") == 2);
}

TEST_CASE("i6300esb: readable preloads read back with their own width")
{
    i6300esb_parameters parameters;
    parameters.readable_preloads = true;
    rig r("rig", parameters);
    CHECK(r.mem(reg::preload_value_1, 4) == 0xFFFFF);
    r.preloads(0x12345, 0x54321);
    CHECK(r.mem(reg::preload_value_1, 4) == 0x12345);
    CHECK(r.mem(reg::preload_value_2, 4) == 0x54321);
    CHECK(r.mem(reg::preload_value_1, 2) == 0);
    CHECK(r.mem(reg::preload_value_2, 1) == 0);
}

TEST_CASE("i6300esb: configuration accesses between the unlocking writes have no influence")
{
    rig r("rig");
    r.mem(reg::reload, 1, key::first);
    r.cfg(pci_reg::cache_line_size, 2, 0x1234);
    r.cfg(reg::wdt_configuration, 2, bit::wdt_int_type);
    r.mem(reg::reload, 1, key::second);
    r.lock(0);
    r.lock(bit::wdt_lock);
    r.cfg(reg::wdt_configuration, 4, 0x1234);
    CHECK(r.cfg(reg::wdt_configuration, 2) == 0x0001);
    CHECK(r.saved("unlock_state") == 2);
    r.mem(reg::preload_value_1, 4, 0x12345);
    CHECK(r.saved("preload1") == 0x12345);
}

TEST_CASE("i6300esb: what a router would cut is cut, and beyond its regions is the TLM-2.0 error that says so")
{
    rig r("rig");
    vigil::models::test::elaborate();
    r.memory.write_value(0x00, 8, 0x80);
    CHECK(r.memory.last_response() == tlm::TLM_OK_RESPONSE);
    r.memory.write_value(0x0D, 2, 0x80);
    CHECK(r.memory.last_response() == tlm::TLM_OK_RESPONSE);
    r.memory.write_value(0x0C, 8, 0x80);
    CHECK(r.memory.last_response() == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    r.memory.write_value(0x10, 1, 0x80);
    CHECK(r.memory.last_response() == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    r.config.read_value(0x100, 1);
    CHECK(r.config.last_response() == tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TEST_CASE("i6300esb: debug transport reads what a read returns and disturbs nothing")
{
    rig r("rig");
    r.cfg(reg::wdt_configuration, 2, bit::wdt_output | bit::wdt_pre_sel);
    r.mem(reg::reload, 1, key::first);
    std::uint8_t data[2] = {0xAA, 0xAA};
    CHECK(r.memory.read_debug(0x0C, data, 2) == 2);
    CHECK(data[0] == 0);
    CHECK(data[1] == 0);
    CHECK(r.saved("unlock_state") == 1);
}

TEST_CASE("i6300esb: a reset stops the countdown and puts everything back but the previous-reboot flag")
{
    rig r("rig");
    const auto fresh = r.device.save();
    r.cfg(reg::wdt_configuration, 2, bit::wdt_pre_sel);
    r.preloads(1, 1);
    r.lock(bit::wdt_enable);
    r.run_to(10000);
    REQUIRE(r.mem(reg::reload, 2) == 0x1200);
    r.cfg(reg::wdt_configuration, 2, bit::wdt_output | bit::wdt_pre_sel | 0x11);
    r.cfg(pci_reg::command, 2, pci_command::memory);
    r.cfg(pci_reg::bar0, 4, 0xFEBF0000);
    r.preloads(100, 200);
    r.lock(bit::wdt_tout_cnf | bit::wdt_enable | bit::wdt_lock);
    r.mem(reg::reload, 1, key::first);
    r.log.clear();
    r.device.reset(reset_kind::warm);
    r.run_to(5000000);
    CHECK(r.log.empty());
    CHECK(r.mem(reg::reload, 2) == 0x1200);
    r.device.reset(reset_kind::cold);
    CHECK(r.mem(reg::reload, 2) == 0);
    CHECK(vigil::models::test::same(r.device.save(), fresh));
}

TEST_CASE("i6300esb: its own reset keeps the PCI header")
{
    rig r("rig");
    r.cfg(pci_reg::command, 2, pci_command::memory);
    r.cfg(pci_reg::bar0, 4, 0xFEBF0000);
    r.cfg(reg::wdt_configuration, 2, 0x11);
    r.preloads(0, 0);
    r.unlock();
    r.lock(bit::wdt_tout_cnf | bit::wdt_enable | bit::wdt_lock);
    r.run_to(1);
    CHECK(r.log.size() == 3);
    CHECK(r.cfg(pci_reg::command, 2) == 0x0002);
    CHECK(r.cfg(pci_reg::bar0, 4) == 0xFEBF0000);
    CHECK(r.cfg(reg::wdt_configuration, 2) == 0);
    CHECK(r.lock() == 0);
    CHECK(r.saved("unlock_state") == 0);
    CHECK(r.saved("preload1") == 0xFFFFF);
    CHECK(r.saved("stage") == 1);
    CHECK(r.saved("previous_reboot") == 1);
}
