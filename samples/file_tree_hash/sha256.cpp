#include "sha256.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace file_tree_hash {
namespace {

void check(bool is_done) {
  if (!is_done) throw std::runtime_error("OpenSSL does no SHA-256 here");
}

}  // namespace

struct Sha256::State {
  State() : algorithm(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context(EVP_MD_CTX_new()) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    EVP_MD_CTX_free(context);
    EVP_MD_free(algorithm);
  }

  EVP_MD* algorithm;
  EVP_MD_CTX* context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  check(state_->algorithm != nullptr && state_->context != nullptr);
}

Sha256::~Sha256() = default;

void Sha256::start() {
  check(EVP_DigestInit_ex2(state_->context, state_->algorithm, nullptr) == 1);
}

void Sha256::add(std::span<const std::byte> bytes) {
  check(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

std::string Sha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  check(EVP_DigestFinal_ex(state_->context, hash.data(), &size) == 1);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += kDigits[hash[i] >> 4U];
    text += kDigits[hash[i] & 15U];
  }
  return text;
}

}  // namespace file_tree_hash
