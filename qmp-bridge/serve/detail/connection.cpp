// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/serve/detail/connection.h>

#include <algorithm>
#include <cstddef>
#include <new>
#include <utility>

#include <boost/container/pmr/polymorphic_allocator.hpp>

#include <vigil/qmp-bridge/serve/traffic_observer.h>

namespace vigil::qmp_bridge {

namespace asio = boost::asio;

namespace {

// Requests of one client that are executed before another client's turn, and before replies are sent.
constexpr int k_batch = 256;

} // namespace

connection::connection(client_roster& owner, byte_stream stream, std::unique_ptr<session> conversation, unsigned server)
    : roster_(owner), stream_(std::move(stream)), conversation_(std::move(conversation)), server_(server)
{
    conversation_->carried_by(this);
    conversation_->unfinished.draw_on(roster_.requests());
    check_for_http_ = stream_.is_tcp();
}

template <class Act> void connection::attempt(Act act)
{
    try {
        act();
    } catch (const std::bad_alloc&) {
        close();
    }
}

void connection::start()
{
    attempt([this] { greet(); });
}

void connection::greet()
{
    number_ = roster_.add(shared_from_this());
    if (auto* observer = roster_.observer()) observer->opened(number_, server_);
    conversation_->opened();
    tell_output();
    send_on();
    go_on();
}

void connection::execute_batch()
{
    attempt([this] { execute_some(); });
}

void connection::execute_some()
{
    const auto goes_on = [this] { return !roster_.leaving() || conversation_->seen_off(); };
    for (int i = 0; i < k_batch && conversation_->pending() && !held_up() && is_open() && goes_on(); ++i) {
        if (auto* observer = roster_.observer()) observer->executing(number_);
        conversation_->execute_one();
        tell_output();
    }
}

void connection::finish_batch()
{
    queued_ = false;
    resume();
}

void connection::output_added()
{
    if (client_number() != 0) roster_.has_output(shared_from_this());
}

void connection::tell_output()
{
    auto* observer = roster_.observer();
    if (observer == nullptr || !is_open()) return;
    const std::string_view fresh = conversation_->output.unsent().substr(observed_);
    observed_ += fresh.size();
    if (!fresh.empty()) observer->answered(number_, fresh);
}

void connection::resume()
{
    attempt([this] {
        send_on();
        go_on();
    });
}

void connection::flush()
{
    attempt([this] { send_on(); });
}

void connection::send_on()
{
    if (sending_) return;
    output_queue& output = conversation_->output;
    while (is_open() && !output.empty()) {
        boost::system::error_code error;
        const std::size_t count = stream_.send(output.unsent(), error);
        if (error == asio::error::would_block) {
            stream_.async_wait_writable([self = shared_from_this()](const auto& failure) {
                self->sending_ = false;
                if (failure) {
                    self->close();
                } else {
                    self->resume();
                }
            });
            sending_ = true;
            return;
        }
        if (error) {
            close();
            return;
        }
        if (sent) sent(output.unsent().substr(0, count));
        output.sent(count);
        observed_ -= std::min(observed_, count);
    }
}

void connection::close() noexcept
{
    if (!is_open()) return;
    stream_.close();
    if (auto* observer = roster_.observer(); observer != nullptr && number_ != 0 && !roster_.leaving()) {
        observer->closed(number_);
    }
    conversation_->output.sent(conversation_->output.size());
    conversation_->closed();
    roster_.remove(*this);
    if (const auto tell = std::exchange(ended, nullptr)) tell();
}

// What a reading under way does in the end, and the memory for it. With an allocator bound to it, rather than its own,
// Asio would keep an executor of its own for it, too.
struct connection::reading {
    using allocator_type = boost::container::pmr::polymorphic_allocator<std::byte>;

    allocator_type get_allocator() const noexcept { return {&self->read_memory_}; }
    void operator()(const boost::system::error_code& error, std::size_t length) const
    {
        self->reading_ = false;
        self->attempt([&] { self->received(error, length); });
    }

    std::shared_ptr<connection> self;
};

void connection::read_on()
{
    reading read{shared_from_this()};
    if (conversation_->takes_descriptors()) {
        stream_.async_receive(asio::buffer(buffer_), descriptors_, std::move(read));
    } else {
        stream_.async_read_some(asio::buffer(buffer_), std::move(read));
    }
    reading_ = true;
}

void connection::received(const boost::system::error_code& error, std::size_t length)
{
    if (!is_open()) return;
    if (error == asio::error::eof) {
        at_end_ = true; // what was asked for before is still answered
    } else if (error) {
        close();
        return;
    } else {
        take_in({buffer_.data(), length});
    }
    go_on();
}

void connection::take_in(std::string_view bytes)
{
    if (check_for_http_) {
        switch (http_.look_at(bytes)) {
        case http_guard::verdict::undecided: return;
        case http_guard::verdict::http:
            if (dropped) dropped("it speaks HTTP");
            close();
            return;
        case http_guard::verdict::harmless: break;
        }
        check_for_http_ = false;
        bytes = http_.seen();
    }
    if (auto* observer = roster_.observer()) observer->received(number_, bytes);
    if (!descriptors_.empty()) conversation_->take(std::exchange(descriptors_, {}));
    conversation_->feed(bytes);
    if (has_unsent()) {
        tell_output();
        send_on();
    }
}

void connection::go_on()
{
    if (!is_open() || queued_) return;
    if (conversation_->over()) {
        if (!has_unsent()) close();
        return;
    }
    if (held_up()) return; // the flush under way comes back here
    if (conversation_->pending()) {
        roster_.ready(shared_from_this());
        queued_ = true;
    } else if (reading_ || conversation_->full()) {
        return;
    } else if (!at_end_) {
        read_on();
    } else if (conversation_->busy()) {
        wait_for_hangup();
    } else if (!has_unsent()) {
        close();
    }
}

void connection::wait_for_hangup()
{
    if (awaits_hangup_) return;
    stream_.async_wait_hangup([self = shared_from_this()](bool gone) {
        if (gone) self->close();
    });
    awaits_hangup_ = true;
}

bool connection::held_up() const noexcept { return conversation_->output.size() > conversation_->most_unsent(); }

} // namespace vigil::qmp_bridge
