/// @file
/// The option that says how input and output are done.
#pragma once

#include <string>

#include <weft/base/io_backend.hpp>

namespace CLI {
class App;
}

namespace program {

/// Adds --io-backend, which takes auto, uring or epoll. Its help begins with what it is about: "How files are read".
void add_io_backend_option(CLI::App& app, weft::IoBackend& backend, const std::string& about);

}  // namespace program
