// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/serve/detail/file_reader.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>

namespace vigil::qmp_bridge {

namespace {

namespace asio = boost::asio;

class file_reading : public std::enable_shared_from_this<file_reading> {
public:
    file_reading(pump& owner, std::size_t most, std::function<void(file_content)> done)
        : pump_(owner), most_(most), done_(std::move(done)), descriptor_(owner.executor())
    {
    }

    void start(const runstate::file_place& place)
    {
        // Without O_NONBLOCK the opening of a pipe would wait for its writer.
        runstate::descriptor file = place.open(O_RDONLY | O_NONBLOCK);
        if (!file) {
            finish(std::error_code(errno, std::generic_category()));
            return;
        }
        boost::system::error_code error;
        descriptor_.assign(file.number(), error);
        if (error) {
            finish(std::error_code(error.value(), std::generic_category()));
            return;
        }
        file.release();
        wait();
    }

private:
    // A pipe without a writer yet is not at its end, though reading it says so: only an event tells.
    void wait()
    {
        descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                               [weak = weak_from_this()](const boost::system::error_code& error) {
                                   const auto self = weak.lock();
                                   if (self == nullptr) return;
                                   // What cannot be waited for, as files proper, is always ready.
                                   if (!error || error == asio::error::operation_not_supported) self->read();
                               });
    }

    void read()
    {
        std::array<char, 4096> buffer{};
        while (content_.size() <= most_) {
            const ssize_t count = ::read(descriptor_.native_handle(), buffer.data(), buffer.size());
            if (count == 0) {
                finish(std::move(content_));
                return;
            }
            if (count > 0) {
                content_.append(buffer.data(), static_cast<std::size_t>(count));
            } else if (errno == EAGAIN) {
                wait();
                return;
            } else if (errno != EINTR) {
                finish(std::error_code(errno, std::generic_category()));
                return;
            }
        }
        finish(std::make_error_code(std::errc::file_too_large));
    }

    // From the pump's thread, like what commands do.
    void finish(file_content content)
    {
        pump_.post([weak = weak_from_this(), content = std::move(content)]() mutable {
            const auto self = weak.lock();
            if (self == nullptr) return;
            const auto done = std::move(self->done_);
            done(std::move(content));
        });
    }

    pump& pump_;
    std::size_t most_;
    std::function<void(file_content)> done_;
    asio::posix::stream_descriptor descriptor_;
    std::string content_;
};

} // namespace

std::shared_ptr<void> read_file(pump& owner, const runstate::file_place& place, std::size_t most,
                                std::function<void(file_content)> done)
{
    auto reading = std::make_shared<file_reading>(owner, most, std::move(done));
    reading->start(place);
    return reading;
}

} // namespace vigil::qmp_bridge
