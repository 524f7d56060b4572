// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_FILES_FILE_ACCESS_H
#define VIGIL_RUNSTATE_FILES_FILE_ACCESS_H

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <vigil/runstate/files/descriptor.h>
#include <vigil/runstate/files/file_place.h>
#include <vigil/runstate/result.h>

namespace vigil::runstate {

/// Which files the commands of clients may name: any, or those below one directory. What the command line names is not
/// its concern.
///
/// The directory stays open from the start, and paths are followed from there, folder by folder, as the kernel does
/// under RESOLVE_BENEATH: whoever may write below it cannot lead out of it, neither by a link nor by exchanging
/// folders meanwhile.
class file_access {
public:
    /// Any file; a relative path is relative to the working directory.
    file_access() = default;

    /// Files below `directory`, which must exist, and to which relative paths are relative from now on. Or returns why
    /// not.
    static result<file_access> confined_to(const std::string& directory);

    /// The file that `path` names: for a confined one, in a folder that exists; the file itself need not. Or returns
    /// why it may not be used. Of what is outside nothing is told, not even whether it exists.
    result<file_place> resolve(const std::string& path) const;

    /// The directory as it was given, or nothing.
    const std::optional<std::string>& directory() const noexcept { return directory_; }

private:
    using components = std::vector<std::string>;

    std::optional<components> below_root(const std::string& path) const; ///< the way from the directory, if it is one

    std::optional<std::string> directory_;
    std::shared_ptr<const descriptor> root_;
    std::vector<components> root_paths_; ///< absolute ones, by which the directory can be named
};

} // namespace vigil::runstate

#endif
