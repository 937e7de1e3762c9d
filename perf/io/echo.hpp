/// @file
/// An echo server on loopback: messages of 64 bytes on 1, 64 or 1000 connections, one after the other on each.
///
/// The server is a process of its own on one processor, the client a loop over epoll on another. The time of a case is what the server has of its
/// processor for each message, the kernel's part included: with many connections both are busy all the time, and how many messages there are
/// in a second says as much about the client. `p50_us` and `p99_us` are from sending a message to its last byte's return, `KiB_each` is what
/// the server has resident for each connection more than before the first.
#pragma once

#include <functional>
#include <string>

namespace io {

inline constexpr int kMessage = 64;

/// Serves `connections` connections that come to the listening socket, and comes back when all have been closed by their peers.
using Serve = std::function<void(int listener, int connections)>;

/// Adds the cases of one contender.
///
/// @param processors  that the server has, and threads that it uses
bool add_echo(const std::string& contender, Serve serve, unsigned processors = 1);

}  // namespace io
