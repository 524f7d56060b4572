// SPDX-License-Identifier: Apache-2.0
// A device of one's own: a memory-mapped watchdog after Arm's SP805 (DDI 0270), without its identification registers.
#include <vigil/bus/address_router.h>
#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/register_table.h>
#include <vigil/runstate/controller.h>
#include <vigil/runstate/state_table.h>

#include <algorithm>
#include <array>
#include <iostream>

using vigil::bus::access_context;
using vigil::runstate::ns;

namespace reg {
constexpr std::uint32_t wdogload = 0x000, wdogvalue = 0x004, wdogcontrol = 0x008, wdogintclr = 0x00C, wdogris = 0x010,
                        wdoglock = 0xC00;
} // namespace reg

namespace bit {
constexpr std::uint32_t inten = 1, resen = 2; // WDOGCONTROL
} // namespace bit

class sp805 : public sc_core::sc_module,
              public vigil::runstate::resettable,
              public vigil::runstate::inspectable,
              public vigil::runstate::snapshottable,
              private vigil::bus::register_device {
public:
    sp805(const sc_core::sc_module_name& name, vigil::runstate::vm_clock& clock, ns tick)
        : sc_module(name), clock_(clock), tick_(tick)
    {
        registers.timed_by(clock);
    }

    vigil::runstate::fact_port<vigil::runstate::watchdog_if> watchdog{"watchdog"}; // the second time-out, with RESEN
    vigil::bus::register_socket registers{"registers", *this, 0x1000};

    static const auto& register_table()
    {
        using self = sp805;
        using row = vigil::bus::register_row<self>;
        static constexpr std::array k_rows{
            row{reg::wdogload, 4, "WdogLoad", 0xFFFFFFFF, &self::load, &self::write_load, "ticks to a time-out"},
            row{reg::wdogvalue, 4, "WdogValue", 0xFFFFFFFF, &self::value, nullptr, "ticks that remain"},
            row{reg::wdogcontrol, 4, "WdogControl", 0, &self::control, &self::write_control, "INTEN, RESEN"},
            row{reg::wdogintclr, 4, "WdogIntClr", 0, nullptr, &self::clear, "any value: reload and clear"},
            row{reg::wdogris, 4, "WdogRIS", 0, &self::raw_status, nullptr, "bit 0: the counter came to 0"},
            row{reg::wdoglock, 4, "WdogLock", 0, &self::lock, &self::write_lock, "1ACCE551h unlocks the others"},
        };
        return k_rows;
    }

    void reset(vigil::runstate::reset_kind kind) override
    {
        timer_.cancel();
        reset_state(k_state, state_, kind);
    }
    std::string_view type_name() const override { return "sp805"; }
    std::vector<vigil::runstate::property> properties() override
    {
        std::vector<vigil::runstate::property> all;
        append_properties(all, k_state, state_);
        return all;
    }
    std::string_view section() const override { return "sp805"; }
    vigil::runstate::saved_state save() const override
    {
        state now = state_;
        now.deadline = timer_.deadline();
        return save_state(k_state, now);
    }
    vigil::runstate::prepared_restore prepare(const vigil::runstate::saved_state& saved) override
    {
        vigil::runstate::saved_state_reader in(section(), saved, k_state.size());
        const state then = load_state(in, k_state, state_);
        if (in.fault()) return *in.fault();
        return [this, then] {
            state_ = then;
            if (then.deadline == vigil::runstate::k_never) return timer_.cancel();
            timer_.arm(then.deadline);
        };
    }

private:
    struct state {
        std::uint32_t load = 0xFFFFFFFF;
        std::uint32_t control = 0;
        bool timed_out = false;
        bool locked = false;
        ns deadline = vigil::runstate::k_never; // of what is saved; the timer has it
    };
    static constexpr std::array k_state{
        vigil::runstate::state_number<&state::load>("load", 0, 0xFFFFFFFF).shown("load", "WdogLoad, in ticks."),
        vigil::runstate::state_bits<&state::control>("control", bit::inten | bit::resen)
            .shown("control", "WdogControl."),
        vigil::runstate::state_flag<&state::timed_out>("timed_out").shown("timed-out", "WdogRIS."),
        vigil::runstate::state_flag<&state::locked>("locked"),
        vigil::runstate::state_deadline<&state::deadline>("deadline", "disabled"),
    };

    std::uint32_t load() const { return state_.load; }
    std::uint32_t control() const { return state_.control; }
    std::uint32_t raw_status() const { return state_.timed_out ? 1 : 0; }
    std::uint32_t lock() const { return state_.locked ? 1 : 0; }
    std::uint32_t value() const
    {
        if (!timer_.armed()) return state_.load;
        return static_cast<std::uint32_t>((timer_.deadline() - clock_.now()) / tick_);
    }
    void write_load(std::uint32_t value)
    {
        state_.load = value;
        if (timer_.armed()) start_count();
    }
    void write_control(std::uint32_t value)
    {
        state_.control = value & (bit::inten | bit::resen);
        if ((value & bit::inten) == 0) return timer_.cancel();
        if (!timer_.armed()) start_count();
    }
    void clear(std::uint32_t /*value*/)
    {
        state_.timed_out = false;
        if (timer_.armed()) start_count();
    }
    void write_lock(std::uint32_t value) { state_.locked = value != 0x1ACCE551; }

    void start_count()
    {
        const ns length = std::max<std::int64_t>(state_.load, 1) * tick_;
        timer_.arm(vigil::runstate::saturating_add(clock_.now(), length));
    }
    void expired()
    {
        if (state_.timed_out && (state_.control & bit::resen) != 0) {
            if (watchdog.size() != 0) watchdog->watchdog_expired();
            return;
        }
        state_.timed_out = true;
        start_count();
    }

    std::uint64_t read(std::uint64_t offset, unsigned width, const access_context& context) override
    {
        const auto* const row = find_register(register_table(), offset, width);
        return row != nullptr ? row->value(*this, *this, context) : 0;
    }
    std::uint64_t peek(std::uint64_t offset, unsigned width) const override
    {
        const auto* const row = find_register(register_table(), offset, width);
        return row != nullptr ? row->value(*this, *this, vigil::bus::debug_access()) : 0;
    }
    void write(std::uint64_t offset, unsigned width, std::uint64_t value, const access_context& context) override
    {
        const auto* const row = find_register(register_table(), offset, width);
        if (row == nullptr || (state_.locked && offset != reg::wdoglock)) return;
        row->put(*this, *this, static_cast<std::uint32_t>(value), context);
    }

    vigil::runstate::vm_clock& clock_;
    ns tick_;
    state state_;
    vigil::runstate::vm_timer timer_{clock_, [this] { expired(); }};
};

struct narrator : vigil::runstate::run_listener {
    void on_event(const vigil::runstate::event& event) override
    {
        std::cout << vigil::runstate::event_name(event) << " at " << sc_core::sc_time_stamp() << '\n';
    }
};

int sc_main(int, char*[])
{
    constexpr std::uint64_t k_base = 0x1C0F'0000;
    vigil::runstate::controller controller("controller");
    sp805 watchdog("watchdog", controller.clock, ns(30'518)); // 32.768 kHz
    watchdog.watchdog.bind(controller);
    controller.add_resettable(watchdog);
    controller.add_snapshottable(watchdog);
    narrator listener;
    controller.add_listener(listener);
    vigil::bus::address_router bus("bus");
    bus.map(k_base, 0x1000, watchdog.registers);
    vigil::bus::bus_initiator cpu("cpu", vigil::bus::initiator_kind::vcpu);
    cpu.socket.bind(bus.target);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);

    cpu.write_value(k_base + reg::wdogload, 4, 32'768);
    cpu.write_value(k_base + reg::wdogcontrol, 4, bit::inten | bit::resen);
    sc_core::sc_start(900, sc_core::SC_MS);
    cpu.write_value(k_base + reg::wdogintclr, 4, 1); // a kick
    sc_core::sc_start(1500, sc_core::SC_MS);
    std::cout << "WdogRIS " << cpu.read_value(k_base + reg::wdogris, 4) << '\n';
    sc_core::sc_start(2, sc_core::SC_SEC);
    return 0;
}
