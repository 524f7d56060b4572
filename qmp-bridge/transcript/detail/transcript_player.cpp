// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/transcript/detail/transcript_player.h>

#include <utility>

namespace vigil::qmp_bridge {

namespace {

// What is not a client's doing, nor the host's.
bool comes_by_itself(transcript_kind kind)
{
    return kind == transcript_kind::output || kind == transcript_kind::unsent || kind == transcript_kind::exit;
}

// What has a turn of its own, so that it cannot be within another one.
bool needs_a_turn(transcript_kind kind)
{
    return kind == transcript_kind::execute || kind == transcript_kind::job || kind == transcript_kind::file ||
           kind == transcript_kind::signal;
}

} // namespace

transcript_player::client::client(transcript_player& its_player, unsigned its_number,
                                  std::unique_ptr<session> its_conversation)
    : player(its_player), number(its_number), conversation(std::move(its_conversation))
{
    conversation->carried_by(this);
}

transcript_player::transcript_player(pump& owner, transcript& tale, program others)
    : pump_(owner), tale_(tale), program_(std::move(others))
{
    pump_.set_source({[this] { return step(); }, [this] { look(); }});
}

bool transcript_player::step()
{
    const transcript_record* what = tale_.next();
    if (what == nullptr) return false;
    pump_.wait_until(what->time);
    if (tale_.next() != what) return true; // something that happens by itself on the way
    if (pump_.leaving()) return false;
    if (comes_by_itself(what->what)) {
        tale_.missed();
        return false;
    }
    act(*what);
    return true;
}

void transcript_player::look()
{
    act_amid_step();
    const transcript_record* left = next_at_this_look();
    if (left != nullptr && left->what != transcript_kind::interrupted) tale_.missed();
    // The recorded run ended amid the step, or went on otherwise: the step could last for ever.
    if (tale_.next() == nullptr) {
        if (!tale_.divergence()) tale_.break_off();
        pump_.interrupt_step();
    }
}

const transcript_record* transcript_player::next_at_this_look() const
{
    const transcript_record* what = tale_.next();
    return what != nullptr && what->look == pump_.look_number() ? what : nullptr;
}

void transcript_player::act_amid_step()
{
    while (const transcript_record* what = next_at_this_look()) {
        if (what->what == transcript_kind::interrupted) {
            pump_.interrupt_step(); // which the pump tells of
            return;
        }
        if (what->what == transcript_kind::turn) {
            pump_.part_turn([this] { act_between_turns(); });
        } else if (comes_by_itself(what->what) || needs_a_turn(what->what)) {
            return;
        } else {
            act(*what);
        }
    }
}

void transcript_player::act_between_turns()
{
    while (const transcript_record* what = next_at_this_look()) {
        if (!needs_a_turn(what->what) || !may_act_amid_step(*what)) return;
        act(*what);
    }
}

bool transcript_player::may_act_amid_step(const transcript_record& what) const
{
    if (what.what != transcript_kind::execute) return true;
    const auto found = clients_.find(what.client);
    return found != clients_.end() && found->second->conversation->served_amid_steps();
}

void transcript_player::act(const transcript_record& what)
{
    switch (what.what) {
    case transcript_kind::job:
        tale_.job();
        if (!jobs_.empty()) {
            const auto job = std::move(jobs_.front());
            jobs_.pop_front();
            pump_.run_now(job);
        }
        break;
    case transcript_kind::file: act_for_file(what); break;
    case transcript_kind::limiter:
        tale_.limiter_expired();
        program_.limiter_expired();
        break;
    case transcript_kind::signal:
        tale_.signalled(static_cast<int>(what.number));
        pump_.run_now([&] { program_.signalled(static_cast<int>(what.number)); });
        break;
    default: act_for_client(what); break;
    }
}

std::shared_ptr<void> transcript_player::read_file(std::function<void(file_content)> done)
{
    auto reading = std::make_shared<file_reading>(file_reading{std::move(done)});
    files_.push_back(reading);
    return reading;
}

void transcript_player::act_for_file(const transcript_record& what)
{
    const auto reading = what.client <= files_.size() ? files_[what.client - 1].lock() : nullptr;
    if (reading == nullptr || !reading->done) {
        tale_.missed();
        return;
    }
    file_content content = what.bytes;
    if (what.number != 0) content = std::error_code(static_cast<int>(what.number), std::generic_category());
    tale_.file_read(what.client, content);
    pump_.run_now([&] { std::exchange(reading->done, nullptr)(std::move(content)); });
}

void transcript_player::connect(const transcript_record& what)
{
    const auto server = static_cast<unsigned>(what.number);
    auto conversation = clients_.count(what.client) == 0 ? program_.make_session(server) : nullptr;
    if (conversation == nullptr) {
        tale_.missed();
        return;
    }
    const auto one = std::make_shared<client>(*this, what.client, std::move(conversation));
    tale_.opened(what.client, server);
    clients_.emplace(what.client, one);
    one->conversation->opened();
    collect(*one);
}

void transcript_player::act_for_client(const transcript_record& what)
{
    if (what.what == transcript_kind::connect) {
        connect(what);
        return;
    }
    const auto found = clients_.find(what.client);
    if (found == clients_.end()) {
        tale_.missed();
        return;
    }
    const std::shared_ptr<client> one = found->second;
    switch (what.what) {
    case transcript_kind::disconnect:
        tale_.closed(what.client);
        clients_.erase(found);
        break;
    case transcript_kind::input: take_in(*one, what.bytes); break;
    case transcript_kind::execute: execute(*one); break;
    default: tale_.missed(); break;
    }
}

void transcript_player::take_in(client& one, const std::string& bytes)
{
    if (one.executing) { // nothing is read from a client meanwhile
        tale_.missed();
        return;
    }
    tale_.received(one.number, bytes);
    one.conversation->feed(bytes);
    collect(one);
}

void transcript_player::execute(client& one)
{
    if (one.executing) {
        tale_.missed();
        return;
    }
    tale_.executing(one.number);
    one.executing = true;
    one.conversation->execute_one();
    one.executing = false;
    collect(one);
}

void transcript_player::collect(client& one)
{
    output_queue& output = one.conversation->output;
    const std::string bytes(output.unsent());
    output.sent(bytes.size());
    if (!bytes.empty() && clients_.count(one.number) != 0) tale_.answered(one.number, bytes);
}

} // namespace vigil::qmp_bridge
