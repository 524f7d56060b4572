// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/serve/local_clients.h>

#include <utility>

#include <vigil/qmp-bridge/serve/detail/pump.h>
#include <vigil/qmp-bridge/serve/traffic_observer.h>

namespace vigil::qmp_bridge {

local_client::local_client(pump& owner, unsigned number, std::unique_ptr<session> conversation)
    : pump_(owner), number_(number), conversation_(std::move(conversation))
{
    conversation_->carried_by(this);
    conversation_->unfinished.draw_on(pump_.clients().requests());
}

void local_client::open(unsigned server)
{
    if (auto* observer = pump_.clients().observer()) observer->opened(number_, server);
    conversation_->opened();
    collect();
}

local_client::~local_client() { conversation_->carried_by(nullptr); }

void local_client::say(std::string_view bytes)
{
    pump_.come_to_rest();
    if (pump_.leaving()) return;
    if (auto* observer = pump_.clients().observer()) observer->received(number_, bytes);
    conversation_->feed(bytes);
    collect();
    execute_all();
    while (conversation_->busy() && !pump_.leaving()) {
        pump_.wait_for_io();
        pump_.come_to_rest();
        execute_all();
    }
}

void local_client::execute_all()
{
    pump_.come_to_rest();
    while (conversation_->pending() && !pump_.leaving()) {
        if (auto* observer = pump_.clients().observer()) observer->executing(number_);
        conversation_->execute_one();
        collect();
        pump_.come_to_rest();
    }
}

void local_client::collect()
{
    output_queue& output = conversation_->output;
    const std::string fresh(output.unsent());
    if (fresh.empty()) return;
    output.sent(fresh.size());
    if (auto* observer = pump_.clients().observer()) observer->answered(number_, fresh);
    if (hears) hears(fresh);
}

std::unique_ptr<local_client> local_clients::connect(unsigned server)
{
    auto conversation = make_session_(server);
    if (conversation == nullptr) return nullptr;
    return std::make_unique<local_client>(pump_, ++so_far_, std::move(conversation));
}

bool local_clients::run_over() const noexcept { return pump_.leaving(); }

} // namespace vigil::qmp_bridge
