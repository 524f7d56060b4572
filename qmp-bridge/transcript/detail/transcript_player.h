// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_TRANSCRIPT_DETAIL_TRANSCRIPT_PLAYER_H
#define VIGIL_QMP_BRIDGE_TRANSCRIPT_DETAIL_TRANSCRIPT_PLAYER_H

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include <vigil/qmp-bridge/host/file_content.h>
#include <vigil/qmp-bridge/serve/detail/pump.h>
#include <vigil/qmp-bridge/session/session.h>
#include <vigil/qmp-bridge/transcript/transcript.h>

namespace vigil::qmp_bridge {

/// Takes the clients' part in a run that repeats a recorded one: does what they did, when they did it. There are no
/// sockets; what the sessions answer goes into the transcript.
class transcript_player {
public:
    /// What the clients' part needs of the program.
    struct program {
        std::function<std::unique_ptr<session>(unsigned server)> make_session; ///< null where there is no such server
        std::function<void()> limiter_expired;
        std::function<void(int number)> signalled;
    };

    /// Becomes `owner`'s source. `tale` must be repeating.
    transcript_player(pump& owner, transcript& tale, program others);

    /// Has `job` done where the recorded run did it.
    void defer(std::function<void()> job) { jobs_.push_back(std::move(job)); }

    /// Has `done` called with what the recorded run read, as `read_file` would.
    std::shared_ptr<void> read_file(std::function<void(file_content)> done);

private:
    struct file_reading {
        std::function<void(file_content)> done;
    };
    /// Shared with the call that is under way in it: its own command may take so long that the client goes meanwhile.
    struct client final : session_carrier {
        client(transcript_player& its_player, unsigned its_number, std::unique_ptr<session> its_conversation);
        void output_added() override { player.collect(*this); }
        unsigned client_number() const noexcept override { return player.clients_.count(number) != 0 ? number : 0; }

        transcript_player& player;
        const unsigned number;
        const std::unique_ptr<session> conversation;
        bool executing = false;
    };

    bool step(); ///< does what comes next; returns false at the end
    void look(); ///< amid a step of the clock
    void act_amid_step();
    void act_between_turns();
    const transcript_record* next_at_this_look() const; ///< null where nothing more is
    bool may_act_amid_step(const transcript_record& what) const;
    void act(const transcript_record& what);
    void act_for_file(const transcript_record& what);
    void connect(const transcript_record& what);
    void act_for_client(const transcript_record& what);
    void take_in(client& one, const std::string& bytes);
    void execute(client& one);
    void collect(client& one); ///< tells the transcript what is new in its output

    pump& pump_;
    transcript& tale_;
    program program_;
    std::map<unsigned, std::shared_ptr<client>> clients_; ///< by their numbers
    std::deque<std::function<void()>> jobs_;
    std::vector<std::weak_ptr<file_reading>> files_; ///< in the order in which they were asked for
};

} // namespace vigil::qmp_bridge

#endif
