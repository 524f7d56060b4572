// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/hyperv_crash.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <utility>

#include <vigil/bus/little_endian.h>

using vigil::bus::access_context;
using vigil::bus::initiator_kind;
using vigil::runstate::prepared_restore;
using vigil::runstate::property;
using vigil::runstate::report_context;
using vigil::runstate::saved_state;

namespace vigil::models {

namespace bits = hyperv_crash_bit;

namespace {

// TLFS, "Feature and Interface Discovery": the leaves up to the features, and nothing but the crash MSRs in them.
constexpr std::uint32_t k_first_leaf = 0x40000000;
constexpr std::array<cpuid_leaf, 4> k_leaves{{
    {0x40000003, 0x7263694D, 0x666F736F, 0x76482074}, // the highest leaf; "Microsoft Hv"
    {0x31237648, 0, 0, 0},                            // "Hv#1"
    {0, 0, 0, 0},                                     // version unknown
    {0, 0, 0, std::uint32_t{1} << 10},                // EDX bit 10: the guest crash MSRs are available
}};

constexpr std::uint64_t k_whole = ~std::uint64_t{0};
constexpr unsigned k_vcpu_bytes = 4; // of a vCPU's number in a snapshot

/// A guest's text in one piece of a log: control characters cannot move the cursor.
std::string printable(std::string text)
{
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t'; },
        '.');
    return text;
}

template <class... Numbers> std::string format(const char* pattern, Numbers... numbers)
{
    std::array<char, 160> text{};
    std::snprintf(text.data(), text.size(), pattern, numbers...);
    return text.data();
}

} // namespace

const std::array<bus::register_row<hyperv_crash, std::uint64_t, hyperv_crash::state>, hyperv_crash::k_msr_count>&
hyperv_crash::msrs() noexcept
{
    using self = hyperv_crash;
    constexpr std::uint32_t p0 = hyperv_msr::crash_p0;
    constexpr unsigned none = bus::register_rule::none;
    static constexpr std::array<bus::register_row<self, std::uint64_t, state>, k_msr_count> k_rows{{
        {p0 + 0, 8, "HV_X64_MSR_CRASH_P0", 0, nullptr, nullptr,
         "crash parameter 0: Windows' bug-check code, Linux's error code", none, k_whole, &state::p0},
        {p0 + 1, 8, "HV_X64_MSR_CRASH_P1", 0, nullptr, nullptr, "crash parameter 1: Linux's guest OS id", none, k_whole,
         &state::p1},
        {p0 + 2, 8, "HV_X64_MSR_CRASH_P2", 0, nullptr, nullptr, "crash parameter 2: Linux's instruction pointer", none,
         k_whole, &state::p2},
        {p0 + 3, 8, "HV_X64_MSR_CRASH_P3", 0, nullptr, nullptr,
         "crash parameter 3: Linux's RAX, or the guest-physical address of a message", none, k_whole, &state::p3},
        {p0 + 4, 8, "HV_X64_MSR_CRASH_P4", 0, nullptr, nullptr,
         "crash parameter 4: Linux's stack pointer, or the length of a message in bytes", none, k_whole, &state::p4},
        {hyperv_msr::crash_ctl, 8, "HV_X64_MSR_CRASH_CTL", bits::crash_notify, &self::read_control,
         &self::write_control, "reads what the host supports; writing bit 63 tells it of a crash, bit 62 of a message"},
    }};
    return k_rows;
}

runstate::state_table<hyperv_crash::state> hyperv_crash::variables() noexcept
{
    using namespace runstate;
    static constexpr std::array k_rows{
        state_bits<&state::p0>("p0", k_whole).shown("p0", "What HV_X64_MSR_CRASH_P0 reads where it exists."),
        state_bits<&state::p1>("p1", k_whole).shown("p1", "What HV_X64_MSR_CRASH_P1 reads where it exists."),
        state_bits<&state::p2>("p2", k_whole).shown("p2", "What HV_X64_MSR_CRASH_P2 reads where it exists."),
        state_bits<&state::p3>("p3", k_whole).shown("p3", "What HV_X64_MSR_CRASH_P3 reads where it exists."),
        state_bits<&state::p4>("p4", k_whole).shown("p4", "What HV_X64_MSR_CRASH_P4 reads where it exists."),
        state_bits<&state::ctl>("ctl", k_whole).shown("ctl", "What HV_X64_MSR_CRASH_CTL reads where it exists."),
    };
    return k_rows;
}

hyperv_crash::hyperv_crash(const sc_core::sc_module_name& name, const hyperv_crash_parameters& parameters)
    : sc_module(name), options_(parameters)
{
    memory.bind(static_cast<tlm::tlm_bw_transport_if<>&>(*this));
}

hyperv_crash::~hyperv_crash() = default;

std::uint64_t hyperv_crash::all_capabilities() const noexcept
{
    return bits::crash_notify | (options_.message ? bits::crash_message : 0);
}

hyperv_crash::state hyperv_crash::after_reset() const noexcept
{
    state fresh;
    fresh.ctl = all_capabilities();
    return fresh;
}

std::optional<std::uint64_t> hyperv_crash::peek_msr(std::uint64_t index) const
{
    const auto* row = options_.enabled ? find_register(msrs(), index, 8) : nullptr;
    if (row == nullptr) return std::nullopt;
    return row->value(*this, state_, bus::debug_access());
}

bool hyperv_crash::write_msr(std::uint64_t index, std::uint64_t value, const access_context& context)
{
    const auto* row = options_.enabled ? find_register(msrs(), index, 8) : nullptr;
    if (row != nullptr) row->put(*this, state_, value, context);
    return row != nullptr;
}

void hyperv_crash::write_control(std::uint64_t value, const access_context& context)
{
    const bus::access_origin& origin = context.origin();
    if (origin.kind == initiator_kind::host) {
        state_.ctl = value & all_capabilities();
        return;
    }
    if ((value & bits::crash_notify) == 0) return;

    const runstate::panic_info info = parameters();
    const bool by_vcpu = origin.kind == initiator_kind::vcpu;
    if (by_vcpu) crash_occurred(origin.vcpu);
    if (sc_core::sc_report_handler::get_verbosity_level() >= sc_core::SC_HIGH) {
        log(sc_core::SC_HIGH,
            format("the guest crashed, parameters 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64,
                   info.arg[0], info.arg[1], info.arg[2], info.arg[3], info.arg[4]));
    }
    if ((value & state_.ctl & bits::crash_message) != 0) take_message(info.arg[3], info.arg[4]);
    if (panic.size() != 0) panic->guest_panicked(info, by_vcpu ? report_context::vcpu : report_context::main_loop);
}

void hyperv_crash::take_message(std::uint64_t address, std::uint64_t length)
{
    const std::string text = read_text(address, static_cast<unsigned>(std::min(length, k_longest_message)));
    if (!text.empty()) {
        log(sc_core::SC_MEDIUM, "crash message: " + printable(text));
    } else {
        const std::string why = memory.size() == 0 ? "guest memory is not bound" : "no text is there";
        log(sc_core::SC_MEDIUM,
            format("no crash message at 0x%" PRIx64 ", length %" PRIu64 ": ", address, length) + why);
    }
    if (crash_message) crash_message(text);
}

std::string hyperv_crash::read_text(std::uint64_t address, unsigned length)
{
    if (memory.size() == 0 || length == 0) return {};
    std::string text(length, '\0');
    bus::access_origin origin(initiator_kind::host, 0);
    tlm::tlm_generic_payload payload;
    payload.set_extension(&origin);
    payload.set_command(tlm::TLM_READ_COMMAND);
    payload.set_address(address);
    payload.set_data_ptr(reinterpret_cast<unsigned char*>(text.data()));
    payload.set_data_length(length);
    payload.set_streaming_width(length);
    const unsigned done = memory->transport_dbg(payload);
    payload.clear_extension(&origin); // the payload would delete it
    if (done != length) return {};
    text.resize(std::min(text.find('\0'), text.size()));
    return text;
}

void hyperv_crash::log(int verbosity, const std::string& text) const
{
    SC_REPORT_INFO_VERB("/vigil/models/hyperv_crash", (std::string(name()) + ": " + text).c_str(), verbosity);
}

std::optional<cpuid_leaf> hyperv_crash::cpuid(std::uint32_t leaf) const noexcept
{
    if (!options_.enabled || leaf < k_first_leaf || leaf - k_first_leaf >= k_leaves.size()) return std::nullopt;
    return k_leaves[leaf - k_first_leaf];
}

crash_information_result hyperv_crash::crash_information(std::uint32_t vcpu) const
{
    if (crashed_.count(vcpu) == 0) return no_crash_occurred{};
    if (!options_.enabled) return no_crash_information{};
    return parameters();
}

void hyperv_crash::reset(runstate::reset_kind kind)
{
    reset_state(variables(), state_, kind, after_reset());
    crashed_.clear();
}

void hyperv_crash::reset_vcpu(std::uint32_t vcpu)
{
    reset_state(variables(), state_, runstate::reset_kind::warm, after_reset());
    crashed_.erase(vcpu);
}

std::vector<property> hyperv_crash::properties()
{
    std::vector<property> all{
        {"hv-crash", "bool", "Whether the guest crash MSRs exist.", [this] { return options_.enabled; }, {}},
        {"message",
         "bool",
         "Whether the guest may hand over a crash message.",
         [this] { return options_.message; },
         {}},
    };
    append_properties(all, variables(), state_);
    return all;
}

saved_state hyperv_crash::save() const
{
    saved_state all = save_state(variables(), state_);
    std::vector<std::uint8_t> vcpus(k_vcpu_bytes * crashed_.size());
    std::uint8_t* to = vcpus.data();
    for (const std::uint32_t vcpu : crashed_) {
        bus::store_little_endian(to, k_vcpu_bytes, vcpu);
        to += k_vcpu_bytes;
    }
    all.push_back({"crash_occurred", std::move(vcpus)});
    return all;
}

prepared_restore hyperv_crash::prepare(const saved_state& saved)
{
    runstate::saved_state_reader in(section(), saved, variables().size() + 1);
    const state then = load_state(in, variables(), state_);
    in.require((then.ctl & ~all_capabilities()) == 0,
               "field 'ctl' must have no bits outside the mask " + std::to_string(all_capabilities()));
    const std::vector<std::uint8_t>& bytes = in.bytes("crash_occurred");
    in.require(bytes.size() % k_vcpu_bytes == 0, "field 'crash_occurred' must have 4 bytes for each vCPU");
    std::set<std::uint32_t> vcpus;
    for (std::size_t i = 0; i < bytes.size() && !in.fault(); i += k_vcpu_bytes) {
        const auto vcpu = static_cast<std::uint32_t>(bus::load_little_endian(&bytes[i], k_vcpu_bytes));
        in.require(vcpus.empty() || vcpu > *vcpus.rbegin(), "field 'crash_occurred' must be in ascending order");
        vcpus.insert(vcpu);
    }
    if (in.fault()) return *in.fault();
    return [this, then, vcpus]() mutable {
        state_ = then;
        crashed_.swap(vcpus);
    };
}

tlm::tlm_sync_enum hyperv_crash::nb_transport_bw(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_core::sc_time&)
{
    return tlm::TLM_COMPLETED; // only debug transport is used
}

void hyperv_crash::invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) {}

} // namespace vigil::models
