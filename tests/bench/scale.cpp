// SPDX-License-Identifier: Apache-2.0
// Many watchdogs in one simulation: what one costs to make, to keep, to kick and to let expire. usage: vigil_scale
// COUNT [naive | still]; prints one line, COUNT and four figures: microseconds to make and elaborate one, bytes of
// memory, nanoseconds of a kick (three writes; timers run between the rounds), nanoseconds of an expiry (both stages).
// With "naive" it is a model that cancels and notifies an event at each kick. With "still" that model starts nothing,
// and never expires: what three writes cost that reach so many.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <type_traits>
#include <vector>

#include <malloc.h>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_target_socket.h>

#include <vigil/models/i6300esb.h>
#include <vigil/runstate/clock/vm_clock.h>

namespace {

using steady = std::chrono::steady_clock;
using many_targets = tlm::tlm_initiator_socket<32, tlm::tlm_base_protocol_types, 0>;

constexpr std::uint64_t k_reload = 0x0C;
constexpr std::uint64_t k_lock = 0x68;

// The defaults of the watchdog daemon in Debian: a kick each second of the 60 s that two stages take.
constexpr int k_stage_in_kicks = 30;
constexpr std::uint32_t k_half_a_minute = 30'518; // counts of 983,040 ns

double seconds_since(steady::time_point begin) { return std::chrono::duration<double>(steady::now() - begin).count(); }

std::size_t allocated() { return ::mallinfo2().uordblks; }

// The watchdog as one writes it without further thought: two stages, an event for both.
class naive_watchdog : public sc_core::sc_module {
public:
    naive_watchdog(const sc_core::sc_module_name& name, std::uint64_t& expired, bool counts)
        : sc_module(name), expired_(expired), counts_(counts)
    {
        registers.register_b_transport(this, &naive_watchdog::b_transport);
        SC_HAS_PROCESS(naive_watchdog);
        SC_METHOD(stage_ended);
        sensitive << end_;
        dont_initialize();
    }

    tlm_utils::simple_target_socket<naive_watchdog> registers{"registers"};

    void enable() { start(1); }

private:
    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&)
    {
        std::uint16_t value = 0;
        if (payload.is_write()) std::memcpy(&value, payload.get_data_ptr(), payload.get_data_length() < 2 ? 1 : 2);
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
        if (payload.get_address() == 0) {
            preload_ = value;
        } else if (payload.get_address() == k_reload && value == 0x80) {
            unlocked_ = 1;
        } else if (payload.get_address() == k_reload && value == 0x86) {
            unlocked_ = unlocked_ == 1 ? 2 : 0;
        } else if (unlocked_ == 2 && (value & 0x100) != 0) {
            unlocked_ = 0;
            start(1);
        }
    }
    void start(unsigned stage)
    {
        stage_ = stage;
        if (!counts_) return;
        end_.cancel();
        end_.notify(sc_core::sc_time(static_cast<double>(preload_) * 983'040, sc_core::SC_NS));
    }
    void stage_ended()
    {
        if (stage_ == 1) return start(2);
        ++expired_;
    }

    std::uint64_t& expired_;
    const bool counts_;
    sc_core::sc_event end_;
    std::uint32_t preload_ = 0xFFFFF;
    unsigned unlocked_ = 0;
    unsigned stage_ = 0;
};

struct watchdog_sink : vigil::runstate::watchdog_if {
    void watchdog_expired() override { ++expired; }
    std::uint64_t expired = 0;
};

// The initiator's side of many targets. At each binding a port looks through all that it is bound to, so that one for
// all of them would take quadratic time: each has a few.
class initiators {
public:
    explicit initiators(tlm::tlm_bw_transport_if<>& owner) : owner_(owner) {}

    template <class Socket> void bind(Socket& target)
    {
        if (bound_++ % k_each == 0) {
            groups_.emplace_back(sc_core::sc_gen_unique_name("initiator"));
            groups_.back().socket.bind(owner_);
        }
        groups_.back().socket.bind(target);
    }
    /// Once all is bound: from here on a target is as near as it is to an initiator with a socket for it alone.
    void resolve()
    {
        for (group& one : groups_) {
            for (int i = 0; i < one.socket.size(); ++i) targets_.push_back(one.socket[i]);
        }
    }
    tlm::tlm_fw_transport_if<>& operator[](int which) { return *targets_[static_cast<std::size_t>(which)]; }

private:
    static constexpr std::size_t k_each = 128;

    struct group : sc_core::sc_module {
        explicit group(const sc_core::sc_module_name& name) : sc_module(name) {}
        many_targets socket{"socket"};
    };

    tlm::tlm_bw_transport_if<>& owner_;
    std::size_t bound_ = 0;
    std::deque<group> groups_;
    std::vector<tlm::tlm_fw_transport_if<>*> targets_;
};

// An initiator of all watchdogs.
class platform : public sc_core::sc_module, protected tlm::tlm_bw_transport_if<> {
public:
    explicit platform(const sc_core::sc_module_name& name) : sc_module(name) {}

    virtual void make(int count) = 0;
    virtual void enable(int which) = 0;
    virtual void preload(int which, std::uint32_t value) = 0;
    virtual std::uint64_t expired() const = 0;

    void kick(int which)
    {
        auto& target = registers_[which];
        write(target, k_reload, 0x80, 2);
        write(target, k_reload, 0x86, 2);
        write(target, k_reload, 0x100, 2);
    }

protected:
    void write(tlm::tlm_fw_transport_if<>& target, std::uint64_t address, std::uint32_t value, unsigned width)
    {
        payload_.set_command(tlm::TLM_WRITE_COMMAND);
        payload_.set_address(address);
        payload_.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
        payload_.set_data_length(width);
        payload_.set_streaming_width(width);
        payload_.set_byte_enable_ptr(nullptr);
        payload_.set_dmi_allowed(false);
        payload_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
        sc_core::sc_time delay;
        target.b_transport(payload_, delay);
        if (!payload_.is_response_ok()) std::abort();
    }

    initiators registers_{*this};
    initiators config_{*this};

private:
    void start_of_simulation() override
    {
        registers_.resolve();
        config_.resolve();
    }
    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_core::sc_time&) override
    {
        return tlm::TLM_COMPLETED;
    }
    void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override {}

    tlm::tlm_generic_payload payload_;
};

class vigil_platform final : public platform {
public:
    using platform::platform;

    void make(int count) override
    {
        for (int i = 0; i < count; ++i) {
            auto& one = watchdogs_.emplace_back(("wdt" + std::to_string(i)).c_str(), clock_);
            one.watchdog.bind(sink_);
            registers_.bind(one.registers);
            config_.bind(one.config);
        }
        clock_.start();
    }
    void enable(int which) override { write(config_[which], k_lock, 0x02, 1); }
    void preload(int which, std::uint32_t value) override
    {
        for (const std::uint64_t offset : {0U, 4U}) {
            write(registers_[which], k_reload, 0x80, 2);
            write(registers_[which], k_reload, 0x86, 2);
            write(registers_[which], offset, value, 4);
        }
    }
    std::uint64_t expired() const override { return sink_.expired; }

private:
    vigil::runstate::vm_clock clock_{"clock"};
    watchdog_sink sink_;
    std::deque<vigil::models::i6300esb> watchdogs_;
};

class naive_platform : public platform {
public:
    explicit naive_platform(const sc_core::sc_module_name& name, bool counts = true) : platform(name), counts_(counts)
    {
    }

    void make(int count) override
    {
        for (int i = 0; i < count; ++i) {
            auto& one = watchdogs_.emplace_back(("wdt" + std::to_string(i)).c_str(), expired_, counts_);
            registers_.bind(one.registers);
        }
    }
    void enable(int which) override { watchdogs_[static_cast<std::size_t>(which)].enable(); }
    void preload(int which, std::uint32_t value) override { write(registers_[which], 0, value, 2); }
    std::uint64_t expired() const override { return expired_; }

private:
    const bool counts_;
    std::uint64_t expired_ = 0;
    std::deque<naive_watchdog> watchdogs_;
};

class still_platform final : public naive_platform {
public:
    explicit still_platform(const sc_core::sc_module_name& name) : naive_platform(name, false) {}
};

template <class Platform> int measure(int count)
{
    constexpr bool expires = !std::is_same_v<Platform, still_platform>;
    const std::size_t bytes_before = allocated();
    const auto begin = steady::now();
    Platform all("platform");
    all.make(count);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    const double making = seconds_since(begin) / count;
    const std::size_t bytes = (allocated() - bytes_before) / static_cast<std::size_t>(count);

    for (int i = 0; i < count; ++i) {
        all.preload(i, k_half_a_minute);
        all.enable(i);
    }
    const auto kick_all = [&](int rounds) {
        for (int round = 0; round < rounds; ++round) {
            for (int i = 0; i < count; ++i) all.kick(i);
            sc_core::sc_start(1, sc_core::SC_SEC);
        }
    };
    kick_all(k_stage_in_kicks); // until entries of the kernel's that have died come up as fast as others die
    // The median of some parts, for what else the machine does meanwhile only adds; each as long as a stage or longer,
    // so that the time that any timer's deadline comes up is in all of them.
    constexpr int parts = 5;
    const int rounds = std::clamp(200'000 / count, k_stage_in_kicks, 2'000);
    std::vector<double> kicks;
    for (int part = 0; part < parts; ++part) {
        const auto kicking = steady::now();
        kick_all(rounds);
        kicks.push_back(seconds_since(kicking) / (static_cast<double>(rounds) * count));
    }
    std::nth_element(kicks.begin(), kicks.begin() + parts / 2, kicks.end());
    const double kick = kicks[parts / 2];

    for (int i = 0; i < count; ++i) {
        all.preload(i, 1);
        all.kick(i);
    }
    const auto expiring = steady::now();
    sc_core::sc_start(2, sc_core::SC_MS);
    const double expiry = seconds_since(expiring) / count;
    if (all.expired() != static_cast<std::uint64_t>(expires ? count : 0)) {
        std::fprintf(stderr, "%llu of %d have expired\n", static_cast<unsigned long long>(all.expired()), count);
        return 1;
    }
    std::printf("%d %.3f %zu %.1f %.1f\n", count, making * 1e6, bytes, kick * 1e9, expiry * 1e9);
    std::fflush(stdout);
    std::_Exit(0); // the kernel takes quadratic time to forget so many objects
}

} // namespace

int sc_main(int argc, char* argv[])
{
    const int count = argc > 1 ? std::atoi(argv[1]) : 0;
    const std::string model = argc == 3 ? argv[2] : "";
    if (count > 0 && count <= 1'000'000) {
        if (argc == 2) return measure<vigil_platform>(count);
        if (model == "naive") return measure<naive_platform>(count);
        if (model == "still") return measure<still_platform>(count);
    }
    std::fprintf(stderr, "usage: vigil_scale COUNT [naive | still]\n");
    return 2;
}

int main(int argc, char* argv[])
{
    ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
    sc_core::sc_report_handler::set_actions(sc_core::SC_WARNING, sc_core::SC_DO_NOTHING); // that nothing was to be done
    return sc_core::sc_elab_and_sim(argc, argv);
}
