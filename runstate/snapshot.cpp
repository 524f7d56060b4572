// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/snapshot.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vigil::runstate {

namespace {

using byte_string = std::vector<std::uint8_t>;

// As PNG's: bytes that no text has, and that a conversion of line ends would spoil.
constexpr std::array<std::uint8_t, 8> k_magic{0x89, 'V', 'I', 'G', 'I', 'L', '\r', '\n'};
constexpr std::size_t k_header_bytes = 24;
constexpr std::uint8_t k_number = 0;
constexpr std::uint8_t k_bytes = 1;

// One byte after another, as IEEE 802.3 defines it: reflected, polynomial 04C11DB7.
constexpr std::array<std::uint32_t, 256> crc_table()
{
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? value >> 1 ^ 0xEDB8'8320U : value >> 1;
        table[i] = value;
    }
    return table;
}

std::uint32_t crc32(const std::uint8_t* bytes, std::size_t count)
{
    static constexpr auto k_table = crc_table();
    std::uint32_t crc = ~0U;
    for (std::size_t i = 0; i < count; ++i) crc = k_table[(crc ^ bytes[i]) & 0xFF] ^ crc >> 8;
    return ~crc;
}

class writer {
public:
    explicit writer(byte_string& to) : to_(to) {}

    void number(std::uint64_t value, unsigned width)
    {
        for (unsigned i = 0; i < width; ++i) to_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
    void text(std::string_view value)
    {
        number(value.size(), 2);
        to_.insert(to_.end(), value.begin(), value.end());
    }
    void bytes(const byte_string& value)
    {
        number(value.size(), 8);
        to_.insert(to_.end(), value.begin(), value.end());
    }

private:
    byte_string& to_;
};

// Never reads beyond the end: what is missing reads as nothing, and `fault` tells.
class reader {
public:
    reader(const byte_string& from, std::size_t at) : from_(from), at_(at) {}

    std::uint64_t number(unsigned width)
    {
        std::uint64_t value = 0;
        const std::uint8_t* const bytes = take(width);
        for (unsigned i = width; bytes != nullptr && i-- > 0;) value = value << 8 | bytes[i];
        return value;
    }
    std::string text()
    {
        const std::size_t length = number(2);
        const std::uint8_t* const bytes = take(length);
        return bytes == nullptr ? std::string() : std::string(bytes, bytes + length);
    }
    byte_string bytes()
    {
        const std::uint64_t length = number(8);
        const std::uint8_t* const bytes = take(length);
        return bytes == nullptr ? byte_string() : byte_string(bytes, bytes + length);
    }

    std::size_t left() const { return from_.size() - at_; }
    std::size_t at() const { return at_; }
    bool overran() const { return overran_; }

private:
    const std::uint8_t* take(std::uint64_t count)
    {
        if (overran_ || count > left()) {
            overran_ = true;
            return nullptr;
        }
        const std::uint8_t* const here = from_.data() + at_;
        at_ += count;
        return here;
    }

    const byte_string& from_;
    std::size_t at_;
    bool overran_ = false;
};

std::string hexadecimal(std::uint32_t value)
{
    char text[9];
    std::snprintf(text, sizeof text, "%08x", value);
    return text;
}

std::string is_truncated(std::uint64_t expected, std::uint64_t found)
{
    return "is truncated: " + std::to_string(expected) + " bytes expected, " + std::to_string(found) + " found";
}

// What is wrong with the header, or nothing.
std::optional<std::string> check_header(const byte_string& bytes)
{
    if (bytes.empty()) return "is empty";
    const std::size_t common = std::min(bytes.size(), k_magic.size());
    if (!std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(common), k_magic.begin())) {
        return "is not a Vigil snapshot";
    }
    if (bytes.size() < k_header_bytes) return is_truncated(k_header_bytes, bytes.size());

    reader header(bytes, k_magic.size());
    const auto version = static_cast<std::uint32_t>(header.number(4));
    const auto checksum = static_cast<std::uint32_t>(header.number(4));
    const std::uint64_t length = header.number(8);
    if (version != k_snapshot_version) {
        return "has format version " + std::to_string(version) +
               (version > k_snapshot_version ? ", newer than" : ", not") + " version " +
               std::to_string(k_snapshot_version) + ", which this program reads";
    }
    const std::size_t body = bytes.size() - k_header_bytes;
    if (length > body) return is_truncated(k_header_bytes + length, bytes.size());
    if (length < body) return "is corrupted: " + std::to_string(body - length) + " bytes follow its end";
    const std::uint32_t found = crc32(bytes.data() + k_header_bytes, body);
    if (found != checksum) {
        return "is corrupted: its checksum is " + hexadecimal(checksum) + ", that of its contents " +
               hexadecimal(found);
    }
    return std::nullopt;
}

std::optional<saved_field> read_field(reader& in)
{
    saved_field field{in.text(), {}};
    const std::uint64_t kind = in.number(1);
    if (kind > k_bytes) return std::nullopt;
    if (kind == k_number) {
        field.value = in.number(8);
    } else {
        field.value = in.bytes();
    }
    if (in.overran()) return std::nullopt;
    return field;
}

} // namespace

std::vector<std::uint8_t> encode_snapshot(const snapshot& state)
{
    byte_string bytes(k_header_bytes);
    writer body(bytes);
    body.number(state.size(), 4);
    for (const snapshot_section& section : state) {
        body.text(section.name);
        body.number(section.instance, 4);
        body.number(section.fields.size(), 4);
        for (const saved_field& field : section.fields) {
            body.text(field.name);
            if (const auto* number = std::get_if<std::uint64_t>(&field.value)) {
                body.number(k_number, 1);
                body.number(*number, 8);
            } else {
                body.number(k_bytes, 1);
                body.bytes(std::get<byte_string>(field.value));
            }
        }
    }

    byte_string header(k_magic.begin(), k_magic.end());
    writer front(header);
    const std::size_t length = bytes.size() - k_header_bytes;
    front.number(k_snapshot_version, 4);
    front.number(crc32(bytes.data() + k_header_bytes, length), 4);
    front.number(length, 8);
    std::copy(header.begin(), header.end(), bytes.begin());
    return bytes;
}

std::variant<snapshot, std::string> decode_snapshot(const std::vector<std::uint8_t>& bytes)
{
    if (auto fault = check_header(bytes)) return std::move(*fault);

    // The checksum holds: what is wrong from here on was written so.
    reader in(bytes, k_header_bytes);
    const auto malformed = [&in] { return "is corrupted: no field can be read at byte " + std::to_string(in.at()); };
    snapshot state;
    for (std::uint64_t sections = in.number(4); sections > 0; --sections) {
        snapshot_section section;
        section.name = in.text();
        section.instance = static_cast<std::uint32_t>(in.number(4));
        for (std::uint64_t fields = in.number(4); fields > 0; --fields) {
            auto field = read_field(in);
            if (!field) return malformed();
            section.fields.push_back(std::move(*field));
        }
        if (in.overran()) return malformed();
        state.push_back(std::move(section));
    }
    if (in.overran() || in.left() != 0) return malformed();
    return state;
}

std::variant<snapshot, std::string> read_snapshot(const std::string& path)
{
    const auto failed = [&path](const std::string& why) { return "Could not read '" + path + "': " + why; };
    // Not blocking, so that a FIFO or a device is told from a file before anything waits for it.
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return failed(std::strerror(errno));
    struct stat info = {};
    byte_string bytes;
    std::optional<std::string> fault;
    if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        fault = failed("not a regular file");
    } else {
        bytes.resize(static_cast<std::size_t>(info.st_size));
        for (std::size_t got = 0; got < bytes.size() && !fault;) {
            const ssize_t count = ::read(fd, bytes.data() + got, bytes.size() - got);
            if (count < 0 && errno != EINTR) fault = failed(std::strerror(errno));
            if (count == 0) bytes.resize(got); // it was cut while it was read
            if (count > 0) got += static_cast<std::size_t>(count);
        }
    }
    ::close(fd);
    if (fault) return std::move(*fault);
    auto decoded = decode_snapshot(bytes);
    if (const auto* why = std::get_if<std::string>(&decoded)) return "'" + path + "' " + *why;
    return decoded;
}

snapshot_writer::snapshot_writer(const std::string& path) : path_(path)
{
    struct stat info = {};
    if (::stat(path.c_str(), &info) == 0) {
        if (!S_ISREG(info.st_mode)) {
            error_ = "Could not write '" + path + "': not a regular file";
            return;
        }
        // Through a symbolic link, the file that it names is replaced, not the link.
        if (char* const real = ::realpath(path.c_str(), nullptr)) {
            path_ = real;
            std::free(real);
        }
    }
    beside_ = path_ + ".XXXXXX";
    fd_ = ::mkostemp(beside_.data(), O_CLOEXEC);
    if (fd_ < 0) error_ = failed("create a file beside", errno);
}

snapshot_writer::~snapshot_writer()
{
    if (fd_ < 0) return;
    ::close(fd_);
    ::unlink(beside_.c_str());
}

std::optional<std::string> snapshot_writer::commit(const snapshot& state)
{
    if (error_) return error_;
    const byte_string bytes = encode_snapshot(state);
    for (std::size_t put = 0; put < bytes.size();) {
        const ssize_t count = ::write(fd_, bytes.data() + put, bytes.size() - put);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed("write", errno);
        put += static_cast<std::size_t>(count);
    }
    if (::rename(beside_.c_str(), path_.c_str()) != 0) return failed("write", errno);
    ::close(fd_);
    fd_ = -1;
    return std::nullopt;
}

std::optional<std::string> snapshot_writer::failed(const char* what, int number) const
{
    return std::string("Could not ") + what + " '" + path_ + "': " + std::strerror(number);
}

} // namespace vigil::runstate
