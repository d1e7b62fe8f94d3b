#include "stub/program/control_client.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "stub/rpc/control.h"
#include "stub_control.grpc.pb.h"

namespace kalam::stub {

std::string read_pem(const std::string& file_or_pem) {
  if (file_or_pem.find("-----BEGIN") != std::string::npos) return file_or_pem;
  std::ifstream file(file_or_pem, std::ios::binary);
  if (!file) throw std::runtime_error("could not read \"" + file_or_pem + "\"");
  return {std::istreambuf_iterator<char>(file), {}};
}

int run_control(const std::vector<std::string>& arguments) {
  std::vector<std::string> words;
  std::string ca, cert, key, name;
  for (size_t i = 0; i < arguments.size(); i++) {
    const std::string& argument = arguments[i];
    std::string* target = argument == "--tls-ca"     ? &ca
                          : argument == "--tls-cert" ? &cert
                          : argument == "--tls-key"  ? &key
                          : argument == "--tls-name" ? &name
                                                     : nullptr;
    if (argument == "--help") {
      std::fputs(kControlUsage, stdout);
      return 0;
    }
    if (target != nullptr && i + 1 < arguments.size()) {
      *target = arguments[++i];
    } else {
      words.push_back(argument);
    }
  }
  bool fills = words.size() == 4 && words[1] == "fill";
  if (fills) words[2] += " " + words[3];
  if (words.size() < 2 || (words.size() > 3 && !fills)) {
    std::fputs(kControlUsage, stderr);
    return 2;
  }
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  grpc::ChannelArguments channel_arguments;
  channel_arguments.SetMaxReceiveMessageSize(-1);
  channel_arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  channel_arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  try {
    if (!ca.empty()) {
      grpc::SslCredentialsOptions tls;
      tls.pem_root_certs = read_pem(ca);
      if (!cert.empty()) tls.pem_cert_chain = read_pem(cert);
      if (!key.empty()) tls.pem_private_key = read_pem(key);
      credentials = grpc::SslCredentials(tls);
      if (!name.empty()) channel_arguments.SetSslTargetNameOverride(name);
    }
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "kalam-stub control: %s\n", failure.what());
    return 2;
  }
  auto channel = grpc::CreateCustomChannel(words[0], credentials, channel_arguments);
  // gRPC before 1.61 may see a failure to connect where there is none, once in a process: time for a second attempt.
  channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(1));
  auto stub = pg_kalam::stub::Control::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(fills ? 3600 : 30));
  pg_kalam::stub::ControlRequest request;
  request.set_command(words[1]);
  if (words.size() > 2) request.set_argument(words[2]);
  pg_kalam::stub::ControlResponse response;
  grpc::Status status = stub->Execute(&context, request, &response);
  // A command that cuts all connections cuts its own, too.
  bool cut_itself = words[1] == "cut" || words[1] == "restart" || words[1] == "stop";
  if (!status.ok() && !(cut_itself && status.error_code() == grpc::StatusCode::UNAVAILABLE)) {
    std::fprintf(stderr, "kalam-stub control: %s\n", status.error_message().c_str());
    return 1;
  }
  if (!response.result().empty()) std::printf("%s\n", response.result().c_str());
  return 0;
}

}  // namespace kalam::stub
