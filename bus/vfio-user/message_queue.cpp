// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/vfio-user/message_queue.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace vigil::bus {

void vfio_user_message_queue::feed(std::string_view bytes, std::vector<runstate::descriptor> descriptors)
{
    bool begins = false;
    while (!bytes.empty() && !closed_) {
        if (whole_) {
            messages_.emplace_back();
            header_bytes_ = 0;
            whole_ = false;
            begins = true;
        }
        bytes.remove_prefix(header_bytes_ < sizeof(vfio_user::header) ? feed_header(bytes) : feed_body(bytes));
    }
    if (begins) messages_.back().descriptors = std::move(descriptors);
}

std::size_t vfio_user_message_queue::feed_header(std::string_view bytes)
{
    vfio_user_message& last = messages_.back();
    const std::size_t taken = std::min(bytes.size(), sizeof last.head - header_bytes_);
    std::memcpy(reinterpret_cast<char*>(&last.head) + header_bytes_, bytes.data(), taken);
    header_bytes_ += taken;
    if (header_bytes_ < sizeof last.head) return taken;

    last.malformed = last.head.size < sizeof last.head || last.head.size > vfio_user::k_longest_message;
    closed_ = last.malformed;
    whole_ = last.malformed || last.head.size == sizeof last.head;
    return taken;
}

std::size_t vfio_user_message_queue::feed_body(std::string_view bytes)
{
    vfio_user_message& last = messages_.back();
    const std::size_t length = last.head.size - sizeof last.head;
    const std::size_t taken = std::min(bytes.size(), length - last.body.size());
    last.body.append(bytes.substr(0, taken));
    held_ += taken;
    whole_ = last.body.size() == length;
    return taken;
}

vfio_user_message vfio_user_message_queue::take()
{
    assert(pending());
    vfio_user_message oldest = std::move(messages_.front());
    messages_.pop_front();
    held_ -= oldest.body.size();
    return oldest;
}

void vfio_user_message_queue::close() noexcept
{
    messages_.clear();
    held_ = 0;
    whole_ = true;
    closed_ = true;
}

} // namespace vigil::bus
