// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/transcript_player.h>

#include <utility>

namespace vigil::qmp_bridge {

namespace {

// What is not a client's doing, nor the host's.
bool comes_by_itself(transcript_kind kind)
{
    return kind == transcript_kind::output || kind == transcript_kind::unsent || kind == transcript_kind::exit;
}

} // namespace

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
    for (const transcript_record* what = tale_.next(); what != nullptr && what->look == pump_.look_number();
         what = tale_.next()) {
        if (what->what == transcript_kind::interrupted) {
            pump_.interrupt_step();
            return;
        }
        if (comes_by_itself(what->what)) return;
        act(*what);
    }
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
    if (reading == nullptr) {
        tale_.missed();
        return;
    }
    file_content content = what.bytes;
    if (what.number != 0) content = std::error_code(static_cast<int>(what.number), std::generic_category());
    tale_.file_read(what.client, content);
    pump_.run_now([&] { std::exchange(reading->done, nullptr)(std::move(content)); });
}

void transcript_player::act_for_client(const transcript_record& what)
{
    const unsigned number = what.client;
    if (what.what == transcript_kind::connect) {
        auto conversation = program_.make_session(static_cast<unsigned>(what.number));
        if (conversation == nullptr) {
            tale_.missed();
            return;
        }
        tale_.opened(number, static_cast<unsigned>(what.number));
        client& one = clients_[number];
        one = {std::move(conversation)};
        one.conversation->opened();
        collect(number, one);
        return;
    }
    const auto found = clients_.find(number);
    if (found == clients_.end()) {
        tale_.missed();
        return;
    }
    client& one = found->second;
    switch (what.what) {
    case transcript_kind::disconnect:
        tale_.closed(number);
        clients_.erase(found);
        return;
    case transcript_kind::input: {
        const std::string bytes = what.bytes;
        tale_.received(number, bytes);
        one.conversation->feed(bytes);
        break;
    }
    case transcript_kind::execute:
        tale_.executing(number);
        one.conversation->execute_one();
        break;
    default: tale_.missed(); return;
    }
    collect(number, one);
}

unsigned transcript_player::number_of(const session& s) const
{
    for (const auto& [number, one] : clients_) {
        if (one.conversation.get() == &s) return number;
    }
    return 0;
}

void transcript_player::output_added(const session& s)
{
    const auto found = clients_.find(number_of(s));
    if (found != clients_.end()) collect(found->first, found->second);
}

void transcript_player::collect(unsigned number, client& one)
{
    output_queue& output = one.conversation->output;
    const std::string bytes(output.unsent());
    output.sent(bytes.size());
    if (!bytes.empty()) tale_.answered(number, bytes);
}

} // namespace vigil::qmp_bridge
