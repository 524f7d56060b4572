// SPDX-License-Identifier: Apache-2.0
// The snapshot reader takes any bytes, and what it accepts is exactly what the writer makes of it.
#include <vigil/runstate/snapshot/snapshot.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <boost/crc.hpp>

using namespace vigil::runstate;

namespace {

void append(std::vector<std::uint8_t>& to, std::uint64_t value, unsigned width)
{
    for (unsigned i = 0; i < width; ++i) to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

// The bytes as the body of a file whose header fits it.
std::vector<std::uint8_t> with_header(const std::vector<std::uint8_t>& body)
{
    boost::crc_32_type crc;
    crc.process_bytes(body.data(), body.size());
    std::vector<std::uint8_t> file{0x89, 'V', 'I', 'G', 'I', 'L', '\r', '\n'};
    append(file, k_snapshot_version, 4);
    append(file, crc.checksum(), 4);
    append(file, body.size(), 8);
    file.insert(file.end(), body.begin(), body.end());
    return file;
}

void check(const std::vector<std::uint8_t>& file)
{
    const auto decoded = decode_snapshot(file);
    if (decoded) {
        if (encode_snapshot(*decoded) != file) std::abort();
    } else if (decoded.why().text.empty()) {
        std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::vector<std::uint8_t> bytes(data, data + size);
    check(bytes);
    check(with_header(bytes));
    return 0;
}
