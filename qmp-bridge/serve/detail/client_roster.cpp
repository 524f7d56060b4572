// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/serve/detail/client_roster.h>

#include <algorithm>
#include <utility>

#include <vigil/qmp-bridge/serve/detail/connection.h>

namespace vigil::qmp_bridge {

unsigned client_roster::add(const std::shared_ptr<connection>& client)
{
    const std::size_t room = all_.size() + 1;
    for (connections* clients : {&all_, &with_output_, &flushing_}) {
        if (clients->capacity() < room) clients->reserve(2 * room);
    }
    all_.push_back(client);
    return ++so_far_;
}

void client_roster::remove(const connection& client) noexcept
{
    const auto is_client = [&](const std::shared_ptr<connection>& c) { return c.get() == &client; };
    for (connections* clients : {&with_output_, &all_}) {
        clients->erase(std::remove_if(clients->begin(), clients->end(), is_client), clients->end());
    }
}

void client_roster::has_output(const std::shared_ptr<connection>& client)
{
    client->tell_output();
    if (std::find(with_output_.begin(), with_output_.end(), client) == with_output_.end()) {
        with_output_.push_back(client);
    }
    if (output_waits) output_waits();
}

void client_roster::ready(std::shared_ptr<connection> client)
{
    if (ready_.full()) ready_.set_capacity(2 * ready_.size() + 1);
    ready_.push_back(std::move(client));
}

void client_roster::serve(bool amid_step)
{
    // One batch of each client that is ready now, so that no flood of one starves another.
    std::size_t passed_over = 0;
    for (std::size_t clients = ready_.size(); clients > 0 && passed_over < ready_.size() && !leaving_; --clients) {
        const auto next = ready_.begin() + static_cast<std::ptrdiff_t>(passed_over);
        if (amid_step && !(*next)->conversation().served_amid_steps()) {
            ++passed_over;
            continue;
        }
        const std::shared_ptr<connection> client = std::move(*next);
        ready_.rerase(next); // which moves those before it
        client->execute_batch();
        flush_output(); // what the batch caused for others leaves before its own replies
        client->finish_batch();
    }
}

bool client_roster::has_requests_amid_step() const
{
    const auto is_served = [](const auto& client) { return client->conversation().served_amid_steps(); };
    return std::any_of(ready_.begin(), ready_.end(), is_served);
}

void client_roster::flush_output()
{
    while (!with_output_.empty()) {
        flushing_.swap(with_output_);
        for (const auto& client : flushing_) client->resume();
        flushing_.clear();
    }
}

void client_roster::close_busy()
{
    for (std::size_t i = all_.size(); i > 0; --i) { // one that is closed goes
        const std::shared_ptr<connection> client = all_[i - 1];
        if (client->conversation().busy()) client->close();
    }
}

void client_roster::send_last_words(event_loop& loop, event_loop::wall_clock::time_point deadline)
{
    for (std::size_t i = all_.size(); i > 0; --i) { // one that cannot be reached any more goes
        const std::shared_ptr<connection> client = all_[i - 1];
        client->flush();
    }
    const auto waits = [](const std::shared_ptr<connection>& c) { return c->has_unsent(); };
    while (std::any_of(all_.begin(), all_.end(), waits) && event_loop::wall_clock::now() < deadline) {
        loop.sleep_until(deadline);
    }
}

void client_roster::see_off(event_loop& loop, event_loop::wall_clock::time_point deadline)
{
    const auto stays = [](const std::shared_ptr<connection>& c) { return c->conversation().seen_off(); };
    while (std::any_of(all_.begin(), all_.end(), stays)) {
        loop.poll();
        const bool idle = ready_.empty();
        for (std::size_t clients = ready_.size(); clients > 0; --clients) {
            const std::shared_ptr<connection> client = std::move(ready_.front());
            ready_.pop_front();
            if (!stays(client)) continue;
            client->execute_batch();
            client->finish_batch();
        }
        if (!idle) continue;
        if (event_loop::wall_clock::now() >= deadline) return;
        loop.sleep_until(deadline);
    }
}

void client_roster::close_all() noexcept
{
    while (!all_.empty()) {
        const std::shared_ptr<connection> client = all_.back();
        client->close();
        remove(*client);
    }
    ready_.clear();
}

} // namespace vigil::qmp_bridge
