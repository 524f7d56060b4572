// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <catch.h>

#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/memory.h>
#include <vigil/models/hyperv_crash.h>
#include <vigil/runstate/controller.h>

using namespace vigil::models;
using namespace vigil::runstate;
using vigil::bus::bus_initiator;
using vigil::bus::initiator_kind;

namespace {

constexpr std::uint32_t P0 = 0x40000100;
constexpr std::uint32_t CTL = 0x40000105;
constexpr std::uint64_t k_notify = 0x8000000000000000;
constexpr std::uint64_t k_message = 0x4000000000000000;
constexpr std::uint64_t k_all = std::numeric_limits<std::uint64_t>::max();

/// Ends elaboration where that has not happened yet, then runs what is to run now.
void settle()
{
    do {
        sc_core::sc_start(sc_core::SC_ZERO_TIME);
    } while (sc_core::sc_pending_activity_at_current_time());
}

std::string in_words(const panic_info& info)
{
    std::string text;
    for (const std::uint64_t value : info.arg) text += (text.empty() ? "" : " ") + std::to_string(value);
    return text;
}

std::string in_words(const std::optional<panic_info>& info) { return info ? in_words(*info) : "absent"; }

std::string in_words(const crash_information_result& result)
{
    if (std::holds_alternative<no_crash_occurred>(result)) return "No crash occurred";
    if (std::holds_alternative<no_crash_information>(result)) return "No crash information";
    return in_words(std::get<panic_info>(result));
}

/// The device behind an MSR space, with two vCPUs, a host and a test, and whoever is told of panics.
struct hyperv_rig : sc_core::sc_module, panic_if {
    explicit hyperv_rig(const sc_core::sc_module_name& name, const hyperv_crash_parameters& parameters = {},
                        bool with_memory = false)
        : sc_module(name), device("device", parameters)
    {
        for (bus_initiator* initiator : {&vcpu0, &vcpu1, &host, &test}) initiator->socket.bind(space.target);
        space.map(hyperv_msr::crash_p0, hyperv_crash::k_msr_count, device.registers);
        device.panic.bind(*this);
        if (with_memory) device.memory.bind(ram.socket);
        device.crash_message = [this](const std::string& text) { heard.push_back("message[" + text + "]"); };
    }

    void guest_panicked(const std::optional<panic_info>& info, report_context context) override
    {
        heard.push_back(std::string(context == report_context::vcpu ? "vcpu: " : "main: ") + in_words(info));
    }
    void guest_crashloaded(const std::optional<panic_info>&) override { FAIL("not stated"); }
    void guest_pvshutdown() override { FAIL("not stated"); }

    std::string taken()
    {
        std::string text;
        for (const std::string& entry : std::exchange(heard, {})) text += (text.empty() ? "" : "; ") + entry;
        return text;
    }

    /// Writes a text to guest memory and points P3 and P4 to it.
    void place(const std::string& text, std::uint64_t address)
    {
        ram.write(address, reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
        vcpu0.write_value(P0 + 3, 8, address);
        vcpu0.write_value(P0 + 4, 8, text.size());
    }

    hyperv_crash device;
    vigil::bus::msr_space space{"space"};
    vigil::bus::memory ram{"ram", 0x4000};
    bus_initiator vcpu0{"vcpu0", initiator_kind::vcpu, 0};
    bus_initiator vcpu1{"vcpu1", initiator_kind::vcpu, 1};
    bus_initiator host{"host", initiator_kind::host};
    bus_initiator test{"test", initiator_kind::test};
    std::vector<std::string> heard;
};

std::uint64_t read(bus_initiator& from, std::uint32_t index)
{
    const std::uint64_t value = from.read_value(index, 8);
    CHECK(from.last_response() == tlm::TLM_OK_RESPONSE);
    return value;
}

void write(bus_initiator& from, std::uint32_t index, std::uint64_t value)
{
    CHECK(from.write_value(index, 8, value) == tlm::TLM_OK_RESPONSE);
}

/// Keeps what the log says.
std::vector<std::string> log_lines;
void keep_log(const sc_core::sc_report& report, const sc_core::sc_actions&)
{
    log_lines.push_back(std::string(report.get_msg_type()) + ": " + report.get_msg());
}

} // namespace

TEST_CASE("hyperv_crash: every row of the register table reads its reset value, at its index in the TLFS")
{
    hyperv_rig r("rig");
    settle();
    const std::array<std::string, 6> names{"HV_X64_MSR_CRASH_P0", "HV_X64_MSR_CRASH_P1", "HV_X64_MSR_CRASH_P2",
                                           "HV_X64_MSR_CRASH_P3", "HV_X64_MSR_CRASH_P4", "HV_X64_MSR_CRASH_CTL"};
    for (int pass = 0; pass < 2; ++pass) {
        for (std::uint32_t i = 0; i < 6; ++i) {
            const auto& row = hyperv_crash::msrs()[i];
            CHECK(row.offset == 0x40000100 + i);
            CHECK(row.width == 8);
            CHECK(row.name == names[i]);
            CHECK(std::string(row.description) != "");
            CHECK(row.reset == (i == 5 ? k_notify : 0));
            CHECK(read(r.vcpu0, row.offset) == row.reset);
            write(r.vcpu0, row.offset, k_all);
        }
        r.device.reset(reset_kind::warm);
    }
}

TEST_CASE("hyperv_crash: P0 to P4 keep any 64 bits, whoever writes them, for everybody")
{
    hyperv_rig r("rig");
    settle();
    for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, k_notify, k_all}) {
        for (bus_initiator* writer : {&r.vcpu0, &r.vcpu1, &r.host, &r.test}) {
            for (std::uint32_t i = 0; i < 5; ++i) write(*writer, P0 + i, value ^ i);
            for (bus_initiator* reader : {&r.vcpu0, &r.vcpu1, &r.host, &r.test}) {
                for (std::uint32_t i = 0; i < 5; ++i) CHECK(read(*reader, P0 + i) == (value ^ i));
            }
        }
    }
    CHECK(r.taken() == "");
}

TEST_CASE("hyperv_crash: a guest's write to CTL is never stored, and notifies exactly when bit 63 is set")
{
    hyperv_rig r("rig");
    settle();
    const std::vector<std::pair<std::uint64_t, unsigned>> rows{
        {0, 0},        {1, 0},     {k_message, 0},    {0x7FFFFFFFFFFFFFFF, 0},   {k_notify - 1, 0},
        {k_notify, 1}, {k_all, 1}, {k_notify | 1, 1}, {k_notify | k_message, 1}, {k_notify, 1},
        {k_notify, 1},
    };
    for (bus_initiator* writer : {&r.vcpu0, &r.vcpu1, &r.test}) {
        for (const auto& [value, notifications] : rows) {
            CAPTURE(value);
            write(*writer, CTL, value);
            CHECK(r.heard.size() == notifications);
            r.heard.clear();
            CHECK(read(r.vcpu0, CTL) == k_notify);
            CHECK(read(r.host, CTL) == k_notify);
        }
    }
}

TEST_CASE("hyperv_crash: a panic carries the five values at its moment, in the context of the access")
{
    hyperv_rig r("rig");
    settle();
    write(r.vcpu0, P0 + 0, 59);
    write(r.vcpu1, P0 + 1, k_notify);
    write(r.test, P0 + 2, k_all);
    write(r.host, P0 + 3, 0xC000000000000005);
    write(r.vcpu0, CTL, k_notify);
    CHECK(r.taken() == "vcpu: 59 9223372036854775808 18446744073709551615 13835058055282163717 0");
    CHECK(read(r.vcpu0, P0 + 2) == k_all); // kept
    write(r.vcpu1, P0 + 1, 1);
    write(r.vcpu1, P0 + 2, 2);
    write(r.vcpu1, P0 + 3, 3);
    write(r.test, CTL, k_notify);
    CHECK(r.taken() == "main: 59 1 2 3 0");
    write(r.vcpu0, CTL, k_notify);
    write(r.vcpu0, CTL, k_notify); // no latch
    CHECK(r.taken() == "vcpu: 59 1 2 3 0; vcpu: 59 1 2 3 0");
}

TEST_CASE("hyperv_crash: the host sets the capabilities, bit 63 only, and notifies nobody")
{
    hyperv_rig r("rig");
    settle();
    const std::vector<std::pair<std::uint64_t, std::uint64_t>> rows{
        {0, 0}, {k_message, 0}, {k_all, k_notify}, {k_notify - 1, 0}, {k_notify | k_message, k_notify},
    };
    for (const auto& [value, stored] : rows) {
        write(r.host, CTL, value);
        CHECK(read(r.vcpu0, CTL) == stored);
        CHECK(read(r.host, CTL) == stored);
    }
    CHECK(r.taken() == "");
    write(r.host, CTL, 0);
    write(r.vcpu0, CTL, k_notify); // heard all the same
    CHECK(r.taken() == "vcpu: 0 0 0 0 0");
    CHECK(read(r.vcpu0, CTL) == 0);
}

TEST_CASE("hyperv_crash: other indexes and widths get the exact answer, through the space and without it")
{
    hyperv_rig r("rig");
    bus_initiator direct("direct", initiator_kind::vcpu);
    direct.socket.bind(r.device.registers);
    settle();
    for (bus_initiator* initiator : {&r.vcpu0, &direct}) {
        for (const std::uint64_t index : {0x400000FFULL, 0x40000106ULL, 0x0ULL, 0x1'4000'0100ULL}) {
            CHECK(initiator->write_value(index, 8, k_notify) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
            initiator->read_value(index, 8);
            CHECK(initiator->last_response() == tlm::TLM_ADDRESS_ERROR_RESPONSE);
        }
        for (const unsigned width : {1U, 2U, 4U}) {
            CHECK(initiator->write_value(CTL, width, 0x80) == tlm::TLM_BURST_ERROR_RESPONSE);
            CHECK(initiator->write_value(P0, width, 0x80) == tlm::TLM_BURST_ERROR_RESPONSE);
        }
    }
    CHECK(read(r.vcpu0, P0) == 0);
    CHECK(r.taken() == "");
    std::array<std::uint8_t, 8> data{};
    write(r.vcpu0, P0 + 4, 0x55);
    CHECK(r.host.read_debug(P0 + 4, data.data(), 8) == 8);
    CHECK(data[0] == 0x55);
}

TEST_CASE("hyperv_crash: a CPU model's own payload, with no origin, is vCPU 0's")
{
    hyperv_rig r("rig");
    settle();
    std::array<std::uint8_t, 8> data{0, 0, 0, 0, 0, 0, 0, 0x80};
    tlm::tlm_generic_payload payload;
    payload.set_command(tlm::TLM_WRITE_COMMAND);
    payload.set_address(CTL);
    payload.set_data_ptr(data.data());
    payload.set_data_length(8);
    payload.set_streaming_width(8);
    sc_core::sc_time delay;
    r.vcpu0.socket->b_transport(payload, delay);
    CHECK(payload.is_response_ok());
    CHECK(r.taken() == "vcpu: 0 0 0 0 0");
    CHECK(in_words(r.device.crash_information(0)) == "0 0 0 0 0");
}

TEST_CASE("hyperv_crash: disabled, all six registers fault and nothing is advertised")
{
    hyperv_crash_parameters off;
    off.enabled = false;
    hyperv_rig r("rig", off);
    settle();
    for (bus_initiator* initiator : {&r.vcpu0, &r.host, &r.test}) {
        for (std::uint32_t index = P0; index <= CTL; ++index) {
            CHECK(initiator->write_value(index, 8, k_all) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
            initiator->read_value(index, 8);
            CHECK(initiator->last_response() == tlm::TLM_ADDRESS_ERROR_RESPONSE);
            std::array<std::uint8_t, 8> data{};
            CHECK(initiator->read_debug(index, data.data(), 8) == 0);
        }
    }
    CHECK(r.taken() == "");
    for (std::uint32_t leaf = 0x40000000; leaf < 0x40000008; ++leaf) CHECK_FALSE(r.device.cpuid(leaf).has_value());
    CHECK(in_words(r.device.crash_information(0)) == "No crash occurred");
    r.device.crash_occurred(0);
    CHECK(in_words(r.device.crash_information(0)) == "No crash information");
    CHECK(in_words(r.device.crash_information(1)) == "No crash occurred");
    r.device.reset(reset_kind::warm);
    CHECK(in_words(r.device.crash_information(0)) == "No crash occurred");
}

TEST_CASE("hyperv_crash: CPUID leaves 40000000h to 40000003h say Microsoft Hv, Hv#1 and crash MSRs")
{
    hyperv_rig r("rig");
    settle();
    CHECK(k_cpuid_1_ecx_hypervisor == 0x80000000);
    const auto vendor = r.device.cpuid(0x40000000);
    REQUIRE(vendor.has_value());
    CHECK(vendor->eax == 0x40000003);
    std::string name;
    for (const std::uint32_t part : {vendor->ebx, vendor->ecx, vendor->edx}) {
        for (unsigned shift = 0; shift < 32; shift += 8) name += static_cast<char>(part >> shift & 0xFF);
    }
    CHECK(name == "Microsoft Hv");
    const auto interface = r.device.cpuid(0x40000001);
    REQUIRE(interface.has_value());
    CHECK(interface->eax == 0x31237648);
    REQUIRE(r.device.cpuid(0x40000002).has_value());
    const auto features = r.device.cpuid(0x40000003);
    REQUIRE(features.has_value());
    CHECK(features->edx == 0x400);
    CHECK((features->eax | features->ebx | features->ecx) == 0);
    for (const std::uint32_t leaf : {0U, 1U, 0x3FFFFFFFU, 0x40000004U, 0x80000000U, 0xFFFFFFFFU}) {
        CHECK_FALSE(r.device.cpuid(leaf).has_value());
    }
}

TEST_CASE("hyperv_crash: a reset clears the parameters and restores the capabilities")
{
    hyperv_rig r("rig");
    settle();
    const auto spoil = [&r] {
        for (std::uint32_t i = 0; i < 5; ++i) write(r.vcpu1, P0 + i, k_all - i);
        write(r.host, CTL, 0);
        write(r.vcpu0, CTL, k_notify);
        write(r.vcpu1, CTL, k_notify);
    };
    for (const reset_kind kind : {reset_kind::cold, reset_kind::warm}) {
        spoil();
        r.device.reset(kind);
        for (std::uint32_t i = 0; i < 5; ++i) CHECK(read(r.vcpu0, P0 + i) == 0);
        CHECK(read(r.vcpu0, CTL) == k_notify);
        CHECK(in_words(r.device.crash_information(0)) == "No crash occurred");
        CHECK(in_words(r.device.crash_information(1)) == "No crash occurred");
    }
    spoil();
    r.device.reset_vcpu(1);
    CHECK(read(r.vcpu0, P0) == 0);
    CHECK(read(r.vcpu0, CTL) == k_notify);
    CHECK(in_words(r.device.crash_information(0)) == "0 0 0 0 0");
    CHECK(in_words(r.device.crash_information(1)) == "No crash occurred");
}

TEST_CASE("hyperv_crash: crash information is the vCPU's that crashed, and nobody else's")
{
    hyperv_rig r("rig");
    settle();
    for (std::uint32_t i = 0; i < 5; ++i) write(r.vcpu0, P0 + i, k_all - i);
    write(r.host, CTL, k_notify);
    write(r.test, CTL, k_notify);
    write(r.vcpu1, CTL, k_message);
    CHECK(in_words(r.device.crash_information(0)) == "No crash occurred");
    CHECK(in_words(r.device.crash_information(1)) == "No crash occurred");
    write(r.vcpu1, CTL, k_notify);
    CHECK(in_words(r.device.crash_information(0)) == "No crash occurred");
    CHECK(in_words(r.device.crash_information(1)) == "18446744073709551615 18446744073709551614 "
                                                     "18446744073709551613 18446744073709551612 "
                                                     "18446744073709551611");
    CHECK(in_words(r.device.crash_information(2)) == "No crash occurred");
}

TEST_CASE("hyperv_crash: with the message option a guest's text reaches the host before the panic")
{
    hyperv_crash_parameters with_message;
    with_message.message = true;
    hyperv_rig r("rig", with_message, true);
    sc_core::sc_report_handler::set_handler(keep_log);
    settle();
    CHECK(read(r.vcpu0, CTL) == (k_notify | k_message));
    r.place("Kernel panic\x1b[2J - not syncing", 0x1001);
    write(r.vcpu0, CTL, k_notify | k_message);
    CHECK(r.taken() == "message[Kernel panic\x1b[2J - not syncing]; vcpu: 0 0 0 4097 30");
    CHECK(log_lines == std::vector<std::string>{
                           "/vigil/models/hyperv_crash: rig.device: crash message: Kernel panic.[2J - not syncing"});
    write(r.vcpu0, CTL, k_notify); // no message
    CHECK(r.taken() == "vcpu: 0 0 0 4097 30");
    write(r.vcpu0, CTL, k_message);
    CHECK(r.taken() == "");
    write(r.test, CTL, k_all);
    CHECK(r.taken() == "message[Kernel panic\x1b[2J - not syncing]; main: 0 0 0 4097 30");

    // The host may withdraw the capability, and give it back.
    write(r.host, CTL, k_notify);
    CHECK(read(r.vcpu0, CTL) == k_notify);
    write(r.vcpu0, CTL, k_notify | k_message);
    CHECK(r.taken() == "vcpu: 0 0 0 4097 30");
    write(r.host, CTL, k_all);
    CHECK(read(r.vcpu0, CTL) == (k_notify | k_message));
    write(r.host, CTL, 0);
    r.device.reset(reset_kind::warm);
    CHECK(read(r.vcpu0, CTL) == (k_notify | k_message));
}

TEST_CASE("hyperv_crash: a message is cut at 4096 bytes, and is empty where the guest's address is bad")
{
    hyperv_crash_parameters with_message;
    with_message.message = true;
    hyperv_rig r("rig", with_message, true);
    sc_core::sc_report_handler::set_handler(keep_log);
    settle();
    const auto message = [&r](std::uint64_t address, std::uint64_t length) {
        r.heard.clear();
        log_lines.clear();
        write(r.vcpu0, P0 + 3, address);
        write(r.vcpu0, P0 + 4, length);
        write(r.vcpu0, CTL, k_notify | k_message);
        REQUIRE(r.heard.size() == 2);
        CHECK(r.heard[1] == "vcpu: 0 0 0 " + std::to_string(address) + " " + std::to_string(length));
        REQUIRE(log_lines.size() == 1);
        const bool empty = r.heard[0] == "message[]";
        CHECK((log_lines[0].find("no crash message at 0x") != std::string::npos) == empty);
        return r.heard[0].substr(8, r.heard[0].size() - 9);
    };
    r.place(std::string(0x2000, 'x'), 0);
    CHECK(message(0, 4096) == std::string(4096, 'x'));
    CHECK(message(0, 4097) == std::string(4096, 'x'));
    CHECK(message(0x1000, k_all) == std::string(4096, 'x'));
    CHECK(message(0x1FFF, 100) == "x"); // NUL follows
    CHECK(message(0, 1) == "x");
    CHECK(message(0, 0) == "");
    CHECK(message(0x3000, 4096) == "");
    CHECK(message(0x3FFF, 2) == ""); // ends beyond memory
    CHECK(message(0x4000, 1) == "");
    CHECK(message(k_all, k_all) == "");
    CHECK(log_lines[0] == "/vigil/models/hyperv_crash: rig.device: no crash message at 0xffffffffffffffff, length "
                          "18446744073709551615: no text is there");
}

TEST_CASE("hyperv_crash: with nobody bound and nothing to call, a crash is told to nobody")
{
    hyperv_crash_parameters with_message;
    with_message.message = true;
    hyperv_crash device("device", with_message);
    bus_initiator vcpu("vcpu", initiator_kind::vcpu);
    vcpu.socket.bind(device.registers);
    sc_core::sc_report_handler::set_handler(keep_log);
    settle();
    write(vcpu, P0 + 4, 8);
    write(vcpu, CTL, k_all);
    CHECK(in_words(device.crash_information(0)) == "0 0 0 0 8");
    CHECK(log_lines == std::vector<std::string>{"/vigil/models/hyperv_crash: device: no crash message at 0x0, length "
                                                "8: guest memory is not bound"});
}

TEST_CASE("hyperv_crash: without the message option no memory is read, and guest errors are logged in hex")
{
    hyperv_rig r("rig", {}, true);
    sc_core::sc_report_handler::set_handler(keep_log);
    sc_core::sc_report_handler::set_verbosity_level(sc_core::SC_HIGH);
    settle();
    r.place("text", 0x1000);
    write(r.vcpu0, CTL, k_notify | k_message);
    CHECK(r.taken() == "vcpu: 0 0 0 4096 4");
    CHECK(log_lines == std::vector<std::string>{"/vigil/models/hyperv_crash: rig.device: the guest crashed, parameters "
                                                "0x0 0x0 0x0 0x1000 0x4"});
}

TEST_CASE("hyperv_crash: state is saved and restored, or refused whole")
{
    hyperv_rig r("rig");
    settle();
    for (std::uint32_t i = 0; i < 5; ++i) write(r.vcpu0, P0 + i, k_all - i);
    write(r.host, CTL, 0);
    write(r.vcpu1, CTL, k_notify);
    r.device.crash_occurred(0x12345678);
    r.taken();
    const auto state = r.device.save();
    REQUIRE(state.size() == 7);
    const std::array<std::string, 7> names{"p0", "p1", "p2", "p3", "p4", "ctl", "crash_occurred"};
    for (std::size_t i = 0; i < 7; ++i) CHECK(state[i].name == names[i]);
    CHECK(std::get<std::vector<std::uint8_t>>(state[6].value) ==
          std::vector<std::uint8_t>{1, 0, 0, 0, 0x78, 0x56, 0x34, 0x12});

    r.device.reset(reset_kind::cold);
    const auto check_refused = [&r](saved_state bad, std::size_t field, saved_field replacement) {
        bad.at(field) = std::move(replacement);
        const auto error = r.device.restore(bad);
        REQUIRE(error.has_value());
        CHECK(error->find("hyperv_crash: ") == 0);
        CHECK(read(r.vcpu0, P0) == 0);
        CHECK(read(r.vcpu0, CTL) == k_notify);
        CHECK(in_words(r.device.crash_information(1)) == "No crash occurred");
    };
    using bytes = std::vector<std::uint8_t>;
    check_refused(state, 0, {"p1", std::uint64_t{0}});
    check_refused(state, 4, {"p4", bytes{}});
    check_refused(state, 5, {"ctl", k_message});
    check_refused(state, 5, {"ctl", std::uint64_t{1}});
    check_refused(state, 6, {"crash_occurred", std::uint64_t{0}});
    check_refused(state, 6, {"crash_occurred", bytes{1, 0, 0}});
    check_refused(state, 6, {"crash_occurred", bytes{1, 0, 0, 0, 1, 0, 0, 0}});
    check_refused(state, 6, {"crashed", bytes{}});
    auto shorter = state;
    shorter.pop_back();
    CHECK(r.device.restore(shorter).has_value());
    CHECK(r.device.restore({}).has_value());

    REQUIRE_FALSE(r.device.restore(state).has_value());
    for (std::uint32_t i = 0; i < 5; ++i) CHECK(read(r.vcpu0, P0 + i) == k_all - i);
    CHECK(read(r.vcpu0, CTL) == 0);
    CHECK(in_words(r.device.crash_information(0)) == "No crash occurred");
    CHECK(in_words(r.device.crash_information(1)) != "No crash occurred");
    CHECK(in_words(r.device.crash_information(0x12345678)) != "No crash occurred");
    CHECK(r.taken() == "");
    const auto again = r.device.save();
    for (std::size_t i = 0; i < 7; ++i) CHECK(again[i].value == state[i].value);
}

TEST_CASE("hyperv_crash: its properties show registers and options")
{
    hyperv_rig r("rig");
    settle();
    write(r.vcpu0, P0 + 4, k_all);
    std::string text;
    for (const auto& p : r.device.properties()) {
        CHECK_FALSE(p.description.empty());
        CHECK_FALSE(p.set);
        const auto value = p.get();
        text += p.name + "=";
        text += std::holds_alternative<bool>(value) ? std::get<bool>(value) ? "true" : "false"
                                                    : std::to_string(std::get<std::uint64_t>(value));
        text += " ";
    }
    CHECK(text == "hv-crash=true message=false p0=0 p1=0 p2=0 p3=0 p4=18446744073709551615 ctl=9223372036854775808 ");
    CHECK(r.device.type_name() == "hyperv-crash");
    CHECK(r.device.section() == "hyperv_crash");
}

namespace {

/// A machine with the device, and a line of what it tells: events, states and its end.
struct machine : sc_core::sc_module, run_listener {
    machine(const sc_core::sc_module_name& name, panic_action panic, bool no_shutdown) : sc_module(name)
    {
        for (bus_initiator* initiator : {&vcpu, &test}) initiator->socket.bind(device.registers);
        device.panic.bind(controller);
        controller.add_resettable(device);
        controller.add_listener(*this);
        action_set actions;
        actions.panic = panic;
        if (no_shutdown) actions.shutdown = shutdown_action::pause;
        controller.control().set_actions(actions);
    }

    void note(const std::string& word) { heard += (heard.empty() ? "" : " ") + word; }
    void on_event(const event& e) override
    {
        std::string word(event_name(e));
        if (const auto* panicked = std::get_if<guest_panicked_event>(&e)) {
            word += ":" + std::string(to_string(panicked->action)) + "(" + in_words(panicked->info) + ")";
        } else if (const auto* shutdown = std::get_if<shutdown_event>(&e)) {
            word += std::string(shutdown->guest ? ":guest:" : ":host:") + std::string(to_string(shutdown->reason));
        }
        note(word);
    }
    void on_state_changed(run_state, run_state to) override { note("->" + std::string(to_string(to))); }
    void on_exit_requested(int status, bool) override { note("exit" + std::to_string(status)); }
    std::string taken() { return std::exchange(heard, {}); }

    /// What follows a crash that `from` tells of.
    std::string crash(bus_initiator& from)
    {
        heard.clear();
        if (&from == &vcpu) {
            write(vcpu, CTL, k_notify);
            note("|"); // the access has returned
        } else {
            const turn_guard turn(controller.control());
            write(test, CTL, k_notify);
            note("|");
        }
        settle();
        return taken();
    }

    vigil::runstate::controller controller{"controller"};
    hyperv_crash device{"device"};
    bus_initiator vcpu{"vcpu", initiator_kind::vcpu, 0};
    bus_initiator test{"test", initiator_kind::test};
    std::string heard;
};

} // namespace

TEST_CASE("hyperv_crash: the events of a crash for every panic action, -no-shutdown and context")
{
    struct row {
        panic_action panic;
        bool no_shutdown;
        std::string from_test;
        std::string from_vcpu;
    };
    const std::string pause = "GUEST_PANICKED:pause(0 0 0 0 0)";
    const std::string poweroff = "GUEST_PANICKED:poweroff(0 0 0 0 0)";
    const std::string run = "GUEST_PANICKED:run(0 0 0 0 0)";
    const std::string stop = " ->guest-panicked STOP";
    const std::string shutdown = " SHUTDOWN:guest:guest-panic";
    const std::vector<row> rows{
        {panic_action::pause, false, pause + stop + " |", pause + " |" + stop},
        {panic_action::pause, true, pause + stop + " |", pause + " |" + stop},
        {panic_action::shutdown, false, poweroff + stop + " |" + shutdown + " exit0",
         poweroff + " |" + shutdown + " exit0"},
        {panic_action::shutdown, true, pause + stop + " |", pause + " |" + stop},
        {panic_action::exit_failure, false, poweroff + stop + " |" + shutdown + " exit1",
         poweroff + " |" + shutdown + " exit1"},
        {panic_action::exit_failure, true, poweroff + stop + " |" + shutdown,
         poweroff + " |" + shutdown + " ->shutdown STOP"},
        {panic_action::none, false, run + " |", run + " |"},
        {panic_action::none, true, run + " |", run + " |"},
    };
    std::vector<std::unique_ptr<machine>> machines;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        for (const char* context : {"test", "vcpu"}) {
            const std::string name = context + std::to_string(i);
            machines.push_back(std::make_unique<machine>(name.c_str(), rows[i].panic, rows[i].no_shutdown));
        }
    }
    settle();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        CAPTURE(i);
        machine& by_test = *machines[2 * i];
        machine& by_vcpu = *machines[2 * i + 1];
        CHECK(by_test.crash(by_test.test) == rows[i].from_test);
        CHECK(by_vcpu.crash(by_vcpu.vcpu) == rows[i].from_vcpu);
        CHECK(in_words(by_test.device.crash_information(0)) == "No crash occurred");
        CHECK(in_words(by_vcpu.device.crash_information(0)) == "0 0 0 0 0");
    }
    machine& shut_down = *machines[11]; // exit-failure with -no-shutdown, by a vCPU
    const auto refused = shut_down.controller.control().cont();
    REQUIRE(refused.has_value());
    CHECK(refused->text == "Resetting the Virtual Machine is required");
}

TEST_CASE("hyperv_crash: two crashes before the stop lands are two events and one STOP")
{
    machine m("machine", panic_action::pause, false);
    settle();
    m.taken();
    write(m.vcpu, P0, 1);
    write(m.vcpu, CTL, k_notify);
    write(m.vcpu, P0, 2);
    write(m.vcpu, CTL, k_notify);
    settle();
    CHECK(m.taken() == "GUEST_PANICKED:pause(1 0 0 0 0) GUEST_PANICKED:pause(2 0 0 0 0) ->guest-panicked STOP");
}

TEST_CASE("hyperv_crash: while the machine stands a crash is told, and the state stays")
{
    machine m("machine", panic_action::pause, false);
    settle();
    m.controller.control().stop();
    settle();
    CHECK(m.crash(m.test) == "GUEST_PANICKED:pause(0 0 0 0 0) |");
    CHECK(m.crash(m.vcpu) == "GUEST_PANICKED:pause(0 0 0 0 0) |");
    CHECK(m.controller.control().state() == run_state::paused);
}

TEST_CASE("hyperv_crash: the parameters outlive a panic and cont, and not a system reset")
{
    machine m("machine", panic_action::pause, false);
    settle();
    write(m.vcpu, P0, 59);
    m.crash(m.vcpu);
    CHECK_FALSE(m.controller.control().cont().has_value());
    settle();
    CHECK(m.taken() == "RESUME ->running");
    CHECK(read(m.vcpu, P0) == 59);
    CHECK(in_words(m.device.crash_information(0)) == "59 0 0 0 0");
    m.controller.control().system_reset();
    settle();
    CHECK(m.taken() == "RESET");
    CHECK(read(m.vcpu, P0) == 0);
    CHECK(in_words(m.device.crash_information(0)) == "No crash occurred");
}
