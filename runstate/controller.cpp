// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/controller.h>

#include <algorithm>
#include <memory>
#include <new>
#include <numeric>
#include <string>
#include <utility>

namespace vigil::runstate {

namespace {

constexpr const char* k_machine_section = "machine";
constexpr const char* k_run_state_field = "run_state";
constexpr const char* k_clock_field = "clock";
constexpr const char* k_no_memory = "there is not enough memory for it";
constexpr std::uint64_t k_most_of_own_section = 1024;

std::vector<controller*>& every_controller() noexcept
{
    static std::vector<controller*> all;
    return all;
}

} // namespace

controller::controller(const sc_core::sc_module_name& name) : sc_module(name)
{
    SC_HAS_PROCESS(controller);
    SC_METHOD(serve);
    sensitive << service_;
    dont_initialize();
    SC_METHOD(deliver_facts);
    sensitive << facts_due_;
    dont_initialize();
    every_controller().push_back(this);
}

controller::~controller()
{
    auto& all = every_controller();
    all.erase(std::remove(all.begin(), all.end(), this), all.end());
}

const std::vector<controller*>& controller::all() noexcept { return every_controller(); }

void controller::remove_resettable(const resettable& component) noexcept
{
    resettables_.erase(std::remove(resettables_.begin(), resettables_.end(), &component), resettables_.end());
}

void controller::remove_snapshottable(const snapshottable& component) noexcept
{
    snapshottables_.erase(std::remove(snapshottables_.begin(), snapshottables_.end(), &component),
                          snapshottables_.end());
}

void controller::start_of_simulation()
{
    if (!control_.autostart() || control_.state() != run_state::prelaunch) return;
    control_.set_state(run_state::running);
}

void controller::watchdog_expired()
{
    at_local_time([](run_control& control) { control.watchdog_expired(); });
}

void controller::guest_panicked(const std::optional<panic_info>& info, report_context context)
{
    at_local_time([info, context](run_control& control) { control.guest_panicked(info, context); });
}

void controller::guest_crashloaded(const std::optional<panic_info>& info)
{
    at_local_time([info](run_control& control) { control.guest_crashloaded(info); });
}

void controller::guest_pvshutdown()
{
    at_local_time([](run_control& control) { control.guest_pvshutdown(); });
}

void controller::request_reset(shutdown_cause cause)
{
    at_local_time([cause](run_control& control) { control.request_reset(cause); });
}

void controller::request_shutdown(shutdown_cause cause)
{
    at_local_time([cause](run_control& control) { control.request_shutdown(cause); });
}

void controller::request_powerdown()
{
    at_local_time([](run_control& control) { control.request_powerdown(); });
}

void controller::request_suspend()
{
    at_local_time([](run_control& control) { control.request_suspend(); });
}

void controller::request_suspend_disk()
{
    at_local_time([](run_control& control) { control.guest_suspended_to_disk(); });
}

void controller::request_debug_stop()
{
    at_local_time([](run_control& control) { control.request_debug_stop(); });
}

void controller::request_stop(run_state state)
{
    at_local_time([state](run_control& control) { control.request_stop(state); });
}

template <class Fact> void controller::at_local_time(Fact state)
{
    if (local_time::ticks_ahead() == 0 || !clock.running()) {
        state(control_);
        return;
    }
    const ns at = clock.now();
    const auto later = [at](const early_fact& fact) { return fact.at > at; };
    facts_.insert(std::find_if(facts_.begin(), facts_.end(), later), {at, std::move(state)});
    expect_facts();
    draw_attention();
}

void controller::expect_facts()
{
    if (!facts_.empty() && clock.running()) facts_due_.notify(clock.time_until(facts_.front().at));
}

void controller::deliver_facts()
{
    clock.run_due(); // what falls due at the same time comes first
    while (!facts_.empty() && clock.running() && facts_.front().at <= clock.now()) {
        const early_fact fact = std::move(facts_.front());
        facts_.pop_front();
        fact.state(control_);
    }
    expect_facts();
    draw_attention();
}

void controller::draw_attention()
{
    for (attention_sink* sink : attention_sinks_) sink->look_up();
}

void controller::start_clock()
{
    clock.start();
    expect_facts();
}

void controller::schedule_service()
{
    service_.notify(sc_core::SC_ZERO_TIME);
    draw_attention();
}

void controller::serve()
{
    control_.serve();
    draw_attention();
}

std::vector<snapshot_section> controller::section_names() const
{
    std::vector<snapshot_section> names;
    for (const snapshottable* component : snapshottables_) {
        const std::string_view name = component->section();
        const auto same = std::count_if(names.begin(), names.end(), [&](const auto& n) { return n.name == name; });
        names.push_back({std::string(name), static_cast<std::uint32_t>(same), {}});
    }
    return names;
}

snapshot controller::save() const
{
    const std::string_view state = to_string(control_.state());
    snapshot all{{k_machine_section,
                  0,
                  {{k_run_state_field, std::vector<std::uint8_t>(state.begin(), state.end())},
                   {k_clock_field, static_cast<std::uint64_t>(clock.now().count())}}}};
    for (snapshot_section& section : section_names()) all.push_back(std::move(section));
    for (std::size_t i = 0; i < snapshottables_.size(); ++i) all[i + 1].fields = snapshottables_[i]->save();
    return all;
}

result<run_state> controller::restore(const snapshot& saved)
{
    if (saved.empty() || saved[0].name != k_machine_section) {
        return refusal{std::string("the first section must be '") + k_machine_section + "'"};
    }
    saved_state_reader machine(k_machine_section, saved[0].fields, 2);
    const std::vector<std::uint8_t>& name = machine.bytes(k_run_state_field);
    const auto state = from_string<run_state>(std::string(name.begin(), name.end()));
    machine.require(state.has_value(), std::string("field '") + k_run_state_field + "' must name a run state");
    machine.require(state && can_be_saved(*state), std::string("no machine can be saved in run state '") +
                                                       std::string(name.begin(), name.end()) + "'");
    const auto at = machine.number(k_clock_field, 0, static_cast<std::uint64_t>(ns::max().count()));
    if (machine.fault()) return refusal{*machine.fault()};

    const auto prepared = prepare_components(saved);
    if (!prepared) return prepared.why();

    const bool was_running = clock.running();
    clock.stop();
    facts_.clear(); // of the machine that goes
    for (const restoration& take_over : *prepared) take_over();
    clock.restore(ns(static_cast<std::int64_t>(at)));
    if (was_running) clock.start();
    return *state;
}

controller::moment controller::this_moment() const
{
    moment now{save(), control_.stands()};
    for (snapshot_section& section : now.devices) {
        for (saved_field& field : section.fields) {
            const auto* source = std::get_if<std::shared_ptr<const byte_source>>(&field.value);
            if (source == nullptr) continue;
            std::vector<std::uint8_t> copy(static_cast<std::size_t>((*source)->size())); // which goes on changing
            (*source)->read(0, copy.data(), copy.size());
            field.value = std::move(copy);
        }
    }
    return now;
}

std::optional<refusal> controller::return_to(const moment& before)
{
    if (control_.exiting()) return refusal{"the run is over"};
    control_.return_to(before.control);
    if (auto restored = restore(before.devices); !restored) return std::move(restored).why();
    return std::nullopt;
}

std::optional<refusal> controller::check_sections(const snapshot& saved) const
{
    const std::vector<snapshot_section> names = section_names();
    const std::size_t common = std::min(names.size(), saved.size() - 1);
    const auto label = [](const snapshot_section& s) { return "'" + s.name + "' " + std::to_string(s.instance); };
    for (std::size_t i = 0; i < common; ++i) {
        const snapshot_section& found = saved[i + 1];
        if (found.name != names[i].name || found.instance != names[i].instance) {
            return refusal{"section " + label(found) + " found where this machine has " + label(names[i]) +
                           "; it must be made with the same options"};
        }
    }
    if (common < names.size()) {
        return refusal{"section " + label(names[common]) +
                       " is missing; the machine must be made with the same options"};
    }
    if (common < saved.size() - 1) {
        return refusal{"section " + label(saved[common + 1]) +
                       " is not in this machine; it must be made with the same options"};
    }
    return std::nullopt;
}

result<std::vector<restoration>> controller::prepare_components(const snapshot& saved)
try {
    if (auto refused = check_sections(saved)) return *std::move(refused);

    // Long states come last: a fault elsewhere is found before they are read.
    std::vector<std::size_t> order(snapshottables_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto is_short = [&](std::size_t i) {
        const saved_state& fields = saved[i + 1].fields;
        return std::none_of(fields.begin(), fields.end(), [](const saved_field& field) {
            return std::holds_alternative<std::shared_ptr<const byte_source>>(field.value);
        });
    };
    std::stable_partition(order.begin(), order.end(), is_short);

    std::vector<restoration> all;
    for (const std::size_t i : order) {
        prepared_restore one = snapshottables_[i]->prepare(saved[i + 1].fields);
        if (auto* fault = std::get_if<std::string>(&one)) return refusal{std::move(*fault)};
        all.push_back(std::move(std::get<restoration>(one)));
    }
    return all;
} catch (const std::bad_alloc&) {
    return refusal{k_no_memory};
}

std::uint64_t controller::most_bytes() const
{
    std::uint64_t all = k_most_of_own_section;
    for (const snapshottable* component : snapshottables_) all += component->most_bytes();
    return all;
}

void controller::reset_devices(reset_kind kind)
{
    facts_.clear();                                    // stated by instructions that come after it
    const std::vector<resettable*> all = resettables_; // a reset may end the registration of some
    for (resettable* component : all) component->reset(kind);
}

void controller::press_power_button()
{
    for (power_button_sink* sink : power_button_sinks_) sink->power_button_pressed();
}

bool controller::inject_nmi()
{
    for (nmi_sink* sink : nmi_sinks_) sink->inject_nmi();
    return !nmi_sinks_.empty();
}

void controller::emit(const event& e)
{
    listeners_->for_each([&](run_listener& listener) { listener.on_event(e); });
}

void controller::state_changed(run_state from, run_state to)
{
    listeners_->for_each([&](run_listener& listener) { listener.on_state_changed(from, to); });
    draw_attention();
}

void controller::exit_requested(int status, bool at_once)
{
    listeners_->for_each([&](run_listener& listener) { listener.on_exit_requested(status, at_once); });
}

void controller::log(std::string_view line)
{
    listeners_->for_each([&](run_listener& listener) { listener.on_log(line); });
}

} // namespace vigil::runstate
