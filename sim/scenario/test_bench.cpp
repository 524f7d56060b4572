// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/scenario/test_bench.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include <boost/json/parse.hpp>

namespace vigil::sim {

namespace {

constexpr const char* k_letters = "?bw?l???q"; // of qtest's commands, by width
constexpr std::uint16_t k_config_address = 0xCF8;
constexpr std::uint16_t k_config_data = 0xCFC;
constexpr std::uint32_t k_config_enable = 0x80000000;

// QMP commands that change nothing but what a moment of the machine holds (see `simulation::return_to`).
constexpr std::string_view k_undoable[] = {"stop",
                                           "cont",
                                           "system_reset",
                                           "system_powerdown",
                                           "system_wakeup",
                                           "inject-nmi",
                                           "inject_nmi",
                                           "set-action",
                                           "watchdog-set-action",
                                           "x-snapshot-save",
                                           "x-snapshot-load",
                                           "qmp_capabilities",
                                           "qom-get",
                                           "qom-list",
                                           "qom-list-types",
                                           "device-list-properties",
                                           "qom-list-properties"};

runstate::refusal over() { return {"the machine's run is over; nobody answers any more"}; }

} // namespace

std::optional<std::uint64_t> parse_number(std::string_view text)
{
    int base = 10;
    if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        text.remove_prefix(2);
        base = 16;
    }
    std::uint64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string hex(std::uint64_t value)
{
    char digits[16];
    const auto end = std::to_chars(digits, digits + sizeof digits, value, 16).ptr;
    return "0x" + std::string(digits, end);
}

test_bench::test_bench(simulation& run, qmp_bridge::local_clients& clients, said tell)
    : run_(run), clients_(clients), tell_(std::move(tell)), qmp_(clients.connect(k_qmp_server)),
      qtest_(clients.connect(k_qtest_server))
{
    qmp_->hears = [this](std::string_view bytes) { hear_qmp(bytes); };
    qtest_->hears = [this](std::string_view bytes) { qtest_heard_ += bytes; };
    qmp_->open(k_qmp_server);
    qtest_->open(k_qtest_server);
    qmp_->say("{\"execute\": \"qmp_capabilities\"}\n");
    reply_.reset();
    add_mark(timeline_mark::kind::state, "", std::string(status()));
    guest().controller.add_listener(*this);
    watch_stages();
}

test_bench::~test_bench()
{
    for (models::i6300esb* watchdog : guest().watchdogs()) watchdog->stage_expired = nullptr;
}

void test_bench::add_mark(timeline_mark::kind what, std::string source, std::string label, std::string detail)
{
    // A scenario that goes on for ever would have no end of them.
    constexpr std::size_t k_most_marks = 10'000;
    if (timeline_.size() < k_most_marks)
        timeline_.push_back({what, now(), std::move(source), std::move(label), std::move(detail)});
}

void test_bench::on_state_changed(runstate::run_state /*from*/, runstate::run_state to)
{
    add_mark(timeline_mark::kind::state, "", std::string(to_string(to)));
}

void test_bench::watch_stages()
{
    for (const machine_device& device : guest().devices()) {
        auto* const watchdog = dynamic_cast<models::i6300esb*>(device.made.module.get());
        if (watchdog == nullptr) continue;
        const std::string name = device.id.value_or(std::string(device.row->name));
        watchdog->stage_expired = [this, name](unsigned stage) {
            add_mark(timeline_mark::kind::stage, name, stage == 1 ? "stage 2" : "stopped");
        };
    }
}

void test_bench::repeat(unsigned server, std::string_view bytes)
{
    (server == k_qmp_server ? *qmp_ : *qtest_).say(bytes);
    qtest_heard_.clear();
    reply_.reset();
}

void test_bench::say(unsigned server, std::string_view bytes)
{
    if (tell_) tell_(server, bytes);
    (server == k_qmp_server ? *qmp_ : *qtest_).say(bytes);
}

void test_bench::hear_qmp(std::string_view bytes)
{
    reader_.feed(bytes);
    while (auto item = reader_.next()) {
        auto* value = std::get_if<boost::json::value>(&*item);
        if (value == nullptr || !value->is_object()) continue;
        boost::json::object& all = value->get_object();
        if (const auto* name = all.if_contains("event")) {
            const auto* data = all.if_contains("data");
            std::string detail;
            if (data != nullptr) qmp_bridge::print_json(detail, *data);
            add_mark(timeline_mark::kind::event, "", std::string(qmp_bridge::as_view(name->get_string())), detail);
            events_.push_back({now(), std::string(qmp_bridge::as_view(name->get_string())),
                               data != nullptr ? data->get_object() : boost::json::object()});
        } else if (all.contains("return") || all.contains("error")) {
            reply_ = std::move(all);
        }
    }
}

runstate::result<std::string> test_bench::qtest(const std::string& line)
{
    qtest_heard_.clear();
    say(k_qtest_server, line + "\n");
    // Interrupt lines may stand before the answer.
    std::size_t begin = 0;
    while (qtest_heard_.compare(begin, 4, "IRQ ") == 0) begin = qtest_heard_.find('\n', begin) + 1;
    std::string answer = qtest_heard_.substr(begin);
    while (!answer.empty() && (answer.back() == '\n' || answer.back() == '\r')) answer.pop_back();
    if (answer.empty()) return over();
    if (answer.compare(0, 2, "OK") != 0) return runstate::refusal{answer};
    return answer.substr(std::min<std::size_t>(3, answer.size()));
}

runstate::result<std::uint64_t> test_bench::qtest_number(const std::string& line)
{
    auto answer = qtest(line);
    if (!answer) return std::move(answer).why();
    const auto number = parse_number(*answer);
    if (!number) return runstate::refusal{"'" + *answer + "' is no number"};
    return *number;
}

void test_bench::note_command(const std::string& text)
{
    boost::system::error_code wrong;
    const boost::json::value request = boost::json::parse(text, wrong);
    const auto* all = wrong ? nullptr : request.if_object();
    const auto* name = all != nullptr ? all->if_contains("execute") : nullptr;
    const std::string_view command =
        name != nullptr && name->is_string() ? qmp_bridge::as_view(name->get_string()) : std::string_view();
    const bool known = command.substr(0, 6) == "query-" ||
                       std::find(std::begin(k_undoable), std::end(k_undoable), command) != std::end(k_undoable);
    if (!known) can_be_undone_ = false;
}

runstate::result<boost::json::object> test_bench::qmp(const std::string& text)
{
    note_command(text);
    reply_.reset();
    say(k_qmp_server, text + "\n");
    if (!reply_) return clients_.run_over() ? over() : runstate::refusal{"there is no complete JSON object in it"};
    return std::move(*reply_);
}

void test_bench::run_until(runstate::ns target, const std::function<bool()>& enough)
{
    while (runs() && !(enough && enough())) {
        const runstate::ns from = now();
        if (from >= target) return;
        const runstate::ns next = std::min(run_.guest().controller.clock.next_deadline(), target);
        if (next == runstate::k_never) return; // nothing will ever come
        const runstate::ns step = std::max(next - from, runstate::ns(0));
        if (!qtest("clock_step " + std::to_string(step.count()))) return;
    }
}

runstate::ns test_bench::now() const { return run_.guest().controller.clock.now(); }

bool test_bench::runs() const { return run_.guest().controller.control().running() && !run_over(); }

std::string_view test_bench::status() const { return to_string(run_.guest().controller.control().state()); }

std::optional<runstate::refusal> test_bench::select_config(unsigned devfn, unsigned offset)
{
    const std::uint32_t address = k_config_enable | (devfn << 8) | (offset & 0xFC);
    auto done = qtest("outl " + hex(k_config_address) + " " + hex(address));
    if (!done) return std::move(done).why();
    return std::nullopt;
}

runstate::result<std::uint64_t> test_bench::read_config(unsigned devfn, unsigned offset, unsigned width)
{
    if (auto error = select_config(devfn, offset)) return *std::move(error);
    return qtest_number(std::string("in") + k_letters[width] + " " + hex(k_config_data + (offset & 3)));
}

std::optional<runstate::refusal> test_bench::write_config(unsigned devfn, unsigned offset, unsigned width,
                                                          std::uint64_t value)
{
    if (auto error = select_config(devfn, offset)) return error;
    auto done =
        qtest(std::string("out") + k_letters[width] + " " + hex(k_config_data + (offset & 3)) + " " + hex(value));
    if (!done) return std::move(done).why();
    return std::nullopt;
}

} // namespace vigil::sim
