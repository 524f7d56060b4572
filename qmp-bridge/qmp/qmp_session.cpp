// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qmp/qmp_session.h>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>
#include <variant>

#include <vigil/qmp-bridge/qmp/commands/qmp_commands.h>
#include <vigil/qmp-bridge/qmp/qmp_monitor.h>
#include <vigil/qmp-bridge/schema/gathered_text.h>

namespace vigil::qmp_bridge {

namespace {

constexpr std::string_view k_line_end = "\r\n";

// How many requests are read ahead (QEMU: monitor/monitor-internal.h). Without out-of-band execution nothing is to be
// looked for behind the request under way.
constexpr std::size_t k_queued_with_oob = 8;
constexpr std::size_t k_queued_without_oob = 1;

// How many bytes are taken in beside a full queue while a command waits for its answer.
constexpr std::size_t k_read_ahead_bytes = 64 * 1024;

std::string member_text(std::string_view name) { return "QMP input member '" + std::string(name) + "'"; }

// A request to be executed ahead of the queue (QEMU: monitor/qmp.c), whether or not it turns out to be allowed.
bool is_out_of_band(const json_item& item)
{
    const auto* value = std::get_if<json::value>(&item);
    const json::object* object = value ? value->if_object() : nullptr;
    return object && object->contains("exec-oob") && !object->contains("execute");
}

const json::value* id_of(const json::object& request)
{
    const auto is_id = [](const json::key_value_pair& member) { return key_of(member) == "id"; };
    const auto* const found = std::find_if(request.begin(), request.end(), is_id);
    return found != request.end() ? &found->value() : nullptr;
}

// The value that `text`, printed here, stands for. It may be longer than a client's, whose characters it escapes.
json::value parsed(std::string_view text)
{
    json_limits limits;
    limits.token_bytes = std::numeric_limits<std::size_t>::max();
    json_reader reader(limits);
    reader.feed(text);
    return std::get<json::value>(*reader.next());
}

} // namespace

// What a request object asks for; points into the object.
struct qmp_session::request {
    const json::string* name = nullptr;
    const json::object* arguments = nullptr;
    bool out_of_band = false;

    // Takes one member in, or says what is wrong with it.
    std::optional<refusal> take(const json::key_value_pair& member, bool oob_enabled)
    {
        const std::string_view key = key_of(member);
        const bool is_oob = oob_enabled && key == "exec-oob";
        if (key == "execute" || is_oob) {
            const json::string* value = member.value().if_string();
            if (!value) return refusal{member_text(key) + " must be a string"};
            if (name) return refusal{member_text(key) + " clashes with '" + (is_oob ? "execute" : "exec-oob") + "'"};
            name = value;
            out_of_band = is_oob;
        } else if (key == "arguments") {
            arguments = member.value().if_object();
            if (!arguments) return refusal{member_text(key) + " must be an object"};
        } else if (key != "id") {
            return refusal{member_text(key) + " is unexpected"};
        }
        return std::nullopt;
    }

    // Takes all of `object` in, or says what is wrong with the first member that is.
    std::optional<refusal> take(const json::object& object, bool oob_enabled)
    {
        for (const json::key_value_pair& member : object) {
            if (auto wrong = take(member, oob_enabled)) return wrong;
        }
        if (!name) return refusal{"QMP input lacks member 'execute'"};
        return std::nullopt;
    }
};

qmp_session::qmp_session(qmp_monitor& monitor, std::uint64_t id, bool pretty, std::string server)
    : monitor_(monitor), id_(id), pretty_(pretty), server_(std::move(server)),
      reader_({}, monitor.settings().errors, &values_)
{
}

qmp_session::~qmp_session()
{
    missed_.end(monitor_.log);
    monitor_.forget(*this);
}

void qmp_session::opened()
{
    const vocabulary words = monitor_.settings().words;
    greeting hello{version_of(monitor_), {}};
    if (monitor_.offers(qmp_capability::oob)) hello.capabilities.push_back(qmp_capability::oob);
    std::string line = "{\"QMP\": ";
    print(line, hello, words);
    line += '}';
    line += k_line_end;
    output.append_to() += pretty_ ? over_several_lines(line) : line;
}

void qmp_session::feed(std::string_view bytes)
{
    if (over() || monitor_.control().exiting()) return;
    reader_.feed(bytes);
    unread_ += bytes.size();
    fetch();
    check_budget();
}

bool qmp_session::pending() const
{
    return !over() && !queue_.empty() && under_way_ == nullptr && !monitor_.control().exiting();
}

bool qmp_session::full() const { return busy() && unread_ > k_read_ahead_bytes; }

void qmp_session::execute_one()
{
    if (!pending()) return;
    const queued next = std::move(queue_.front());
    queue_.erase(queue_.begin());
    queued_bytes_ -= next.bytes;
    executing_ = true;
    answer(*next.item);
    executing_ = false;
    fetch();
    check_budget();
}

void qmp_session::end_negotiation(bool out_of_band) noexcept
{
    negotiating_ = false;
    out_of_band_ = out_of_band;
}

std::function<void(command_outcome)> qmp_session::answer_later()
{
    under_way_ = std::make_shared<deferred>();
    return [this, weak = std::weak_ptr<deferred>(under_way_)](command_outcome outcome) {
        const std::shared_ptr<deferred> command = weak.lock();
        if (command == nullptr || command != under_way_) return;
        if (command->handler_left) {
            finish(outcome);
        } else {
            command->outcome = std::move(outcome);
        }
    };
}

void qmp_session::hold(std::shared_ptr<void> work)
{
    if (under_way_ != nullptr) under_way_->work = std::move(work);
}

std::size_t qmp_session::read_ahead() const noexcept { return out_of_band_ ? k_queued_with_oob : k_queued_without_oob; }

void qmp_session::fetch()
{
    bool answered = false;
    while (queue_.size() < read_ahead() && reader_.held() != 0 && !monitor_.control().exiting()) {
        queue_.emplace_back(reader_);
        if (!queue_.back().item) {
            queue_.pop_back();
            break;
        }
        if (out_of_band_ && is_out_of_band(*queue_.back().item)) {
            const queued ahead = std::move(queue_.back());
            queue_.pop_back();
            answer(*ahead.item);
            answered = true;
        } else {
            queued_bytes_ += queue_.back().bytes;
        }
    }
    if (queue_.size() < read_ahead()) unread_ = 0;
    if (answered) announce_output();
}

void qmp_session::check_budget()
{
    if (!unfinished.hold(reader_.held() + queued_bytes_)) leave_budget();
}

void qmp_session::leave_budget()
{
    end_conversation();
    reader_.reset();
    queue_.clear();
    unfinished.hold(0);
    append_error(refusal{"The requests of all clients together have become too long"}, nullptr);
}

void qmp_session::answer(const json_item& item)
{
    if (const auto* malformed = std::get_if<json_error>(&item)) {
        append_error(refusal{malformed->text}, nullptr);
        return;
    }
    const json::object* object = std::get<json::value>(item).if_object();
    if (!object) {
        append_error(refusal{"QMP input must be a JSON object"}, nullptr);
        return;
    }
    const json::value* id = id_of(*object);
    const std::shared_ptr<deferred> before = under_way_;
    try {
        carry_out(*object, id);
    } catch (const std::bad_alloc&) {
        under_way_ = before;
        if (!monitor_.control().exited_at_once()) append_error(refusal{"Out of memory"}, id);
    }
}

void qmp_session::carry_out(const json::object& object, const json::value* id)
{
    const std::shared_ptr<deferred> before = under_way_;
    std::string returned = std::move(body_);
    returned.clear();
    request asked;
    std::optional<refusal> error = asked.take(object, out_of_band_);
    if (!error) error = execute(asked, returned);
    if (under_way_ != before) {
        under_way_->handler_left = true;
        if (id != nullptr) under_way_->id.emplace(*id, json::storage_ptr());
        if (under_way_->outcome) finish(*under_way_->outcome);
    } else if (!monitor_.control().exited_at_once()) { // then not even the command under way gets its reply
        if (error) {
            append_error(*error, id);
        } else {
            append_return(returned, id);
        }
    }
    body_ = std::move(returned);
}

std::optional<refusal> qmp_session::execute(const request& asked, std::string& returned)
{
    const std::string_view name = as_view(*asked.name);
    const command* found = monitor_.find_command(name);
    if (negotiating_ && !(found && found->has(command_trait::in_negotiation))) {
        return refusal{"Expecting capabilities negotiation with 'qmp_capabilities'", error_class::command_not_found};
    }
    if (!found) {
        return refusal{"The command " + std::string(name) + " has not been found", error_class::command_not_found};
    }
    if (asked.out_of_band && !found->has(command_trait::allow_oob)) {
        return refusal{"The command " + std::string(name) + " does not support OOB"};
    }
    if (monitor_.in_preconfig() && !found->has(command_trait::allow_preconfig)) {
        return refusal{"The command '" + std::string(name) +
                       "' is permitted only after machine initialization has completed"};
    }
    static const json::object k_no_arguments;
    const json::object& arguments = asked.arguments ? *asked.arguments : k_no_arguments;
    if (!found->has(command_trait::any_arguments)) {
        if (auto error = check_arguments(*found->arguments, arguments, monitor_.settings().words)) return error;
    }

    // Clients take whatever comes first after negotiating for its reply: no event may come before it.
    if (found->has(command_trait::in_negotiation)) return found->run(*found, {monitor_, *this}, arguments, returned);
    const runstate::turn_guard turn(monitor_.control());
    return found->run(*found, {monitor_, *this}, arguments, returned);
}

void qmp_session::finish(const command_outcome& outcome)
{
    // Ends the work, too, which may be what calls this.
    const std::shared_ptr<deferred> command = std::exchange(under_way_, nullptr);
    if (monitor_.control().exiting()) return;
    const json::value* id = command->id ? &*command->id : nullptr;
    try {
        append(outcome, id);
    } catch (const std::bad_alloc&) {
        end_conversation();
    }
    if (!executing_) announce_output();
}

void qmp_session::append(const command_outcome& outcome, const json::value* id)
{
    if (outcome) {
        append_return(*outcome, id);
    } else {
        append_error(outcome.why(), id);
    }
}

void qmp_session::append_error(const refusal& error, const json::value* id)
{
    output.add([&](std::string& out) {
        if (pretty_) {
            std::string text;
            print(text, error, monitor_.settings().words);
            json::object reply;
            if (id) reply.emplace("id", *id);
            reply.emplace("error", parsed(text));
            print_json_pretty(out, reply);
        } else {
            out += '{';
            if (id) {
                out += "\"id\": ";
                print_json(out, *id);
                out += ", ";
            }
            out += "\"error\": ";
            print(out, error, monitor_.settings().words);
            out += '}';
        }
        out += k_line_end;
    });
}

void qmp_session::append_return(std::string_view value, const json::value* id)
{
    output.add([&](std::string& out) {
        if (pretty_) {
            json::object reply;
            reply.emplace("return", parsed(value));
            if (id) reply.emplace("id", *id);
            print_json_pretty(out, reply);
            out += k_line_end;
            return;
        }
        gathered_text line(out);
        line += "{\"return\": ";
        line += value;
        if (id) {
            line += ", \"id\": ";
            print_json(line.flush(), *id);
        }
        line += '}';
        line += k_line_end;
        line.flush();
    });
}

void qmp_session::append_event(const std::string& line)
{
    const std::size_t most = monitor_.settings().event_queue_bytes;
    if (monitor_.unsent(*this, most) > most) {
        miss_event();
        return;
    }
    missed_.end(monitor_.log);
    output.append_to() += line;
    if (!executing_) announce_output();
}

void qmp_session::miss_event()
{
    ++monitor_.events_dropped_;
    missed_.miss(monitor_.log);
}

std::string qmp_session::over_several_lines(std::string_view line)
{
    std::string text;
    print_json_pretty(text, parsed(line));
    text += k_line_end;
    return text;
}

} // namespace vigil::qmp_bridge
