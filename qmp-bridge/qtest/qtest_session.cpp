// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qtest/qtest_session.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <new>
#include <utility>

#include <vigil/qmp-bridge/qtest/detail/qtest_commands.h>
#include <vigil/qmp-bridge/qtest/detail/qtest_text.h>

namespace vigil::qmp_bridge {

using namespace qtest_text;

namespace {

// Keeps the machine's turn open for its lifetime.
class turn {
public:
    explicit turn(qtest_machine& machine) : machine_(machine) { machine_.open_turn(); }
    ~turn() { machine_.close_turn(); }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

private:
    qtest_machine& machine_;
};

} // namespace

qtest_session::qtest_session(qtest_machine& machine, std::function<void(std::string_view)> log)
    : qtest_session(machine, std::move(log), interrupt_queue{})
{
}

qtest_session::qtest_session(qtest_machine& machine, std::function<void(std::string_view)> log, interrupt_queue limit)
    : machine_(machine), log_(std::move(log)), limit_(std::move(limit))
{
}

qtest_session::~qtest_session()
{
    missed_.end(limit_.warn);
    try {
        if (open_ && log_) log_line("[I +", "CLOSED");
    } catch (const std::bad_alloc&) { // a line of the log is lost
    }
}

void qtest_session::opened()
{
    opened_at_ = std::chrono::steady_clock::now();
    open_ = true;
    if (log_) log_line("[I ", "OPENED");
}

void qtest_session::feed(std::string_view bytes)
{
    if (ended_ || over()) return;
    if (begin_ > k_kept_buffer && begin_ > input_.size() / 2) {
        input_.erase(0, begin_);
        if (end_ != k_none) end_ -= begin_;
        for (std::size_t& place : refused_) place -= begin_;
        begin_ = 0;
    }
    if (skipping_) {
        const std::size_t line_end = bytes.find('\n');
        if (line_end == k_none) return;
        bytes.remove_prefix(line_end);
        skipping_ = false;
    }
    const std::size_t old_size = input_.size();
    // The search from the front is the fast one; where it succeeds, the one from the back is short.
    const std::size_t last_end = bytes.find('\n') == k_none ? k_none : bytes.rfind('\n');
    const std::size_t new_tail = last_end == k_none ? tail_ + bytes.size() : bytes.size() - last_end - 1;
    if (new_tail > k_longest_line) {
        // Keep what comes before the line; of the line itself, only that it was there.
        input_.append(bytes.substr(0, last_end == k_none ? 0 : last_end + 1));
        if (last_end != k_none) tail_ = 0;
        drop_tail();
    } else {
        input_.append(bytes);
        tail_ = new_tail;
    }
    if (end_ == k_none) find_line(std::min(old_size, input_.size()));
    check_budget();
}

void qtest_session::check_budget()
{
    if (unfinished.hold(input_.size() - begin_)) return;
    end_conversation();
    end_ = k_none;
    begin_ = 0;
    input_ = {};
    unfinished.hold(0);
    output.append_to() += "FAIL the lines of all clients together have become too long\n";
}

bool qtest_session::pending() const { return end_ != k_none; }

void qtest_session::execute_one()
{
    if (end_ == k_none) return;
    const std::string_view line(input_.data() + begin_, end_ - begin_);
    const bool refused = line.size() > k_longest_line || (!refused_.empty() && refused_.front() == begin_);
    if (log_) log_line("[R +", refused ? std::string_view("(too long)") : line);

    qtest_response answer;
    {
        const turn of_the_line(machine_);
        answer = refused ? qtest_response::fail("the line is longer than " + std::to_string(k_longest_line) + " bytes")
                         : execute_or_fail(line);
    }
    if (refused && !refused_.empty() && refused_.front() == begin_) refused_.erase(refused_.begin());
    if (machine_.exited_at_once()) {
        ended_ = true;
        end_ = k_none;
        input_ = {};
        return;
    }
    take_line_off();
    print(answer);
}

void qtest_session::take_line_off()
{
    begin_ = end_ + 1;
    if (begin_ == input_.size()) {
        for (std::size_t& place : refused_) place -= begin_;
        begin_ = 0;
        end_ = k_none;
        if (input_.capacity() > k_kept_buffer) {
            input_ = {};
        } else {
            input_.clear();
        }
    } else {
        find_line(begin_);
    }
    unfinished.hold(input_.size() - begin_);
}

qtest_response qtest_session::execute_or_fail(std::string_view line)
{
    try {
        return execute_qtest_line({machine_, device_, clock_commands_can_fail}, line);
    } catch (const std::bad_alloc&) {
        return qtest_response::fail("out of memory");
    }
}

void qtest_session::interrupt_changed(int number, bool level)
{
    if (ended_) return;
    const std::size_t unsent = limit_.unsent ? limit_.unsent(*this, limit_.most) : output.size();
    if (unsent > limit_.most) {
        missed_.miss(limit_.warn);
        return;
    }
    missed_.end(limit_.warn);
    try {
        append_interrupt(number, level);
        announce_output();
    } catch (const std::bad_alloc&) { // it is not whose access this was that should hear of it
        missed_.miss(limit_.warn);
    }
}

void qtest_session::append_interrupt(int number, bool level)
{
    output.add([&](std::string& out) {
        const std::size_t start = out.size();
        out += level ? "IRQ raise " : "IRQ lower ";
        append_decimal(out, number);
        if (log_) log_line("[S +", std::string_view(out).substr(start));
        out += '\n';
    });
}

void qtest_session::find_line(std::size_t from)
{
    const void* const found = std::memchr(input_.data() + from, '\n', input_.size() - from);
    end_ = found == nullptr ? k_none : static_cast<std::size_t>(static_cast<const char*>(found) - input_.data());
}

void qtest_session::drop_tail()
{
    input_.resize(input_.size() - tail_);
    input_.shrink_to_fit();
    tail_ = 0;
    refused_.push_back(input_.size());
    skipping_ = true;
}

void qtest_session::print(const qtest_response& answer)
{
    output.add([&](std::string& out) {
        const std::size_t start = out.size();
        answer.append_to(out);
        if (log_) log_line("[S +", std::string_view(out).substr(start));
        out += '\n';
    });
}

void qtest_session::log_line(const char* mark, std::string_view text)
{
    const auto elapsed =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - opened_at_).count();
    std::array<char, 40> time;
    const int length =
        std::snprintf(time.data(), time.size(), "%lld.%06lld] ", static_cast<long long>(elapsed / 1000000),
                      static_cast<long long>(elapsed % 1000000));
    std::string line = mark;
    line.append(time.data(), static_cast<std::size_t>(length));
    line += text;
    line += '\n';
    log_(line);
}

} // namespace vigil::qmp_bridge
