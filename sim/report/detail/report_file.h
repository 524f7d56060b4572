// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_REPORT_DETAIL_REPORT_FILE_H
#define VIGIL_SIM_REPORT_DETAIL_REPORT_FILE_H

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include <vigil/runstate/files/new_file.h>
#include <vigil/runstate/result.h>

namespace vigil::sim {

/// A file that gets its name once it is complete, or the standard output. The first error is kept, and nothing is
/// written after it.
class report_file {
public:
    /// "-" is the standard output. What is there and is no regular file is refused: it would be replaced.
    explicit report_file(std::string path);

    void write(std::string_view text);

    /// Overwrites what was written at `at`; not for the standard output.
    void rewrite(off_t at, std::string_view text);

    /// Gives the file its name.
    void complete();

    /// Why it can't be written.
    const std::optional<runstate::refusal>& error() const noexcept { return error_; }

private:
    void open();
    void flush();
    void put(std::string_view text, std::optional<off_t> at);
    void fail(const std::string& why);

    std::string path_;
    std::optional<runstate::new_file> file_; ///< none: the standard output, or an error
    std::string buffer_;
    std::optional<runstate::refusal> error_;
};

} // namespace vigil::sim

#endif
