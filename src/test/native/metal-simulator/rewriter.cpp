#include <cctype>
#include <map>
#include <vector>

#include "compiler.h"

namespace sim {

namespace {

// A word, number, string or punctuation mark, with the white space before it.
struct Token {
  std::string space;
  std::string text;
};

std::vector<Token> tokenize(const std::string& text) {
  std::vector<Token> tokens;
  size_t i = 0;
  while (i < text.size()) {
    size_t start = i;
    while (i < text.size() && isspace(static_cast<unsigned char>(text[i]))) i++;
    // A line that the preprocessor left: `# 12 "file"`.
    while (i < text.size() && text[i] == '#' && (i == 0 || text[i - 1] == '\n')) {
      while (i < text.size() && text[i] != '\n') i++;
      while (i < text.size() && isspace(static_cast<unsigned char>(text[i]))) i++;
    }
    Token token{text.substr(start, i - start), ""};
    start = i;
    if (i >= text.size()) {
      tokens.push_back(token);
      break;
    }
    if (isalnum(static_cast<unsigned char>(text[i])) || text[i] == '_') {
      while (i < text.size() && (isalnum(static_cast<unsigned char>(text[i])) || text[i] == '_' || text[i] == '.')) {
        bool exponent = isdigit(static_cast<unsigned char>(text[start])) && (text[i] == 'e' || text[i] == 'E') &&
                        text.compare(start, 2, "0x") != 0;
        if (text[i] == '.' && !isdigit(static_cast<unsigned char>(text[start]))) break;
        i++;
        if (exponent && i < text.size() && (text[i] == '-' || text[i] == '+')) i++;
      }
    } else if (text[i] == '"') {
      for (i++; text[i] != '"'; i++) i += text[i] == '\\';
      i++;
    } else {
      i += text.compare(i, 2, "[[") == 0 || text.compare(i, 2, "::") == 0 ? 2 : 1;
    }
    token.text = text.substr(start, i - start);
    tokens.push_back(token);
  }
  return tokens;
}

struct KernelParameter {
  std::string source;
  unsigned index;
};

struct KernelFunction {
  std::vector<KernelParameter> parameters;
};

class Rewriter {
 public:
  explicit Rewriter(const std::string& text) : tokens(tokenize(text)) {}

  std::string run() {
    while (at < tokens.size()) {
      if (is("kernel")) kernel();
      else if (is("template") && is("[[", 1)) instantiation();
      else if (is("constant") && function_constant()) {}
      else if (is("threadgroup")) threadgroup();
      else if (is("[[")) skip_attribute();
      else address_space_or_copy();
    }
    return "#include <metal_stdlib>\n" + out + tables();
  }

 private:
  bool is(const char* text, size_t ahead = 0) const {
    return at + ahead < tokens.size() && tokens[at + ahead].text == text;
  }

  void copy() {
    out += tokens[at].space + tokens[at].text;
    if (!tokens[at].text.empty()) last = tokens[at].text;
    at++;
  }

  void address_space_or_copy() {
    if (is("device") || is("thread")) {
      out += tokens[at++].space;
    } else if (is("constant")) {
      out += tokens[at++].space + "const";
    } else {
      copy();
    }
  }

  [[noreturn]] void fail(const std::string& message) {
    std::string context;
    for (size_t i = at < 3 ? 0 : at - 3; i < at + 6 && i < tokens.size(); i++) context += tokens[i].text + " ";
    throw "the simulator cannot read this MSL: " + message + ", near: " + context;
  }

  // [[name]] or [[name(argument)]]: the cursor stands on the first token after it.
  std::pair<std::string, std::string> attribute() {
    out += newlines(tokens[at].space);
    at++;
    std::string name = tokens[at++].text;
    std::string argument;
    if (is("(")) {
      argument = tokens[at + 1].text;
      at += 3;
    }
    if (!is("]") || !is("]", 1)) fail("an attribute without its end");
    at += 2;
    return {name, argument};
  }

  static std::string newlines(const std::string& space) {
    std::string kept;
    for (char c : space) {
      if (c == '\n') kept += c;
    }
    return kept;
  }

  void skip_attribute() { attribute(); }

  // constant bool NAME [[function_constant(0)]];
  bool function_constant() {
    if (!is("[[", 3) || !is("function_constant", 4)) return false;
    std::string type = tokens[at + 1].text;
    std::string name = tokens[at + 2].text;
    out += tokens[at].space + "static " + type + " " + name;
    at += 3;
    constants.push_back({attribute().second, name});
    return true;
  }

  // template [[host_name("x")]] kernel type name<arguments>;
  void instantiation() {
    out += newlines(tokens[at].space);
    at++;
    auto [name, host] = attribute();
    if (name != "host_name" || !is("kernel")) fail("an instantiation that is not of a kernel with a host_name");
    at++;
    while (!is("<", 1)) at++;
    std::string function = tokens[at].text;
    std::string call;
    while (!is(";")) {
      call += tokens[at].space + tokens[at].text;
      at++;
    }
    at++;
    hosts.push_back({host, function, call});
  }

  // kernel void name(parameters): its attributes go to a table.
  void kernel() {
    bool is_template = last == ">";
    out += tokens[at++].space;
    copy();  // void
    std::string name = tokens[at].text;
    copy();
    if (!is("(")) fail("a kernel without parameters");
    KernelFunction function;
    int depth = 0;
    do {
      if (is("(")) depth++;
      if (is(")")) depth--;
      if (is("[[")) {
        auto [what, index] = attribute();
        function.parameters.push_back({source(what), index.empty() ? 0u : unsigned(std::stoul(index))});
      } else if (is("threadgroup")) {
        out += tokens[at++].space;
      } else {
        address_space_or_copy();
      }
    } while (depth > 0);
    functions[name] = function;
    if (!is_template) hosts.push_back({"\"" + name + "\"", name, name});
  }

  std::string source(const std::string& attribute) {
    static const std::map<std::string, std::string> sources = {
        {"buffer", "BUFFER"},
        {"threadgroup", "THREADGROUP"},
        {"thread_position_in_grid", "POSITION_IN_GRID"},
        {"thread_position_in_threadgroup", "POSITION_IN_THREADGROUP"},
        {"thread_index_in_threadgroup", "INDEX_IN_THREADGROUP"},
        {"threadgroup_position_in_grid", "THREADGROUP_POSITION"},
        {"threadgroups_per_grid", "THREADGROUPS"},
        {"threads_per_threadgroup", "THREADS_PER_THREADGROUP"},
        {"thread_index_in_simdgroup", "LANE"},
        {"simdgroup_index_in_threadgroup", "SIMDGROUP"},
        {"simdgroups_per_threadgroup", "SIMDGROUPS"},
        {"threads_per_simdgroup", "SIMD_WIDTH"}};
    auto found = sources.find(attribute);
    if (found == sources.end()) fail("unknown attribute " + attribute);
    return found->second;
  }

  // Either a pointer or reference to threadgroup memory, or an array that all threads of a threadgroup share.
  void threadgroup() {
    size_t end = at + 1;
    int angle = 0;
    while (end < tokens.size()) {
      const std::string& text = tokens[end].text;
      if (text == "<") angle++;
      else if (text == ">") angle--;
      else if (angle == 0 && (text == "*" || text == "&" || text == "[" || text == ";" || text == ")")) break;
      end++;
    }
    if (end < tokens.size() && (tokens[end].text == "*" || tokens[end].text == "&")) {
      out += tokens[at++].space;
      return;
    }
    if (end >= tokens.size() || tokens[end].text != "[" || !(last == ";" || last == "{" || last == "}")) {
      fail("a threadgroup declaration that is neither a pointer nor an array on a line of its own");
    }
    std::string type;
    for (size_t i = at + 1; i + 1 < end; i++) type += (i == at + 1 ? "" : tokens[i].space) + tokens[i].text;
    std::string name = tokens[end - 1].text;
    std::string extent;
    size_t i = end;
    for (; tokens[i].text != ";"; i++) {
      if (tokens[i].text == "," || tokens[i].text == "=") fail("more than one threadgroup array in a declaration");
      extent += tokens[i].text;
    }
    out += tokens[at].space + "auto& " + name + " = msl::shared<" + type + extent + ">(" +
           std::to_string(++arrays) + ", \"" + name + "\")";
    last = "]";
    at = i;
  }

  std::string tables() {
    std::string text = "\n";
    std::string kernels;
    int number = 0;
    for (auto& [host, function, call] : hosts) {
      if (!functions.count(function)) throw "kernel " + function + " is instantiated but not defined";
      std::string id = std::to_string(number++);
      text += "static constexpr msl::Slot slots_" + id + "[] = {";
      for (auto& parameter : functions[function].parameters) {
        text += "{msl::Source::" + parameter.source + ", " + std::to_string(parameter.index) + "}, ";
      }
      text += "};\n";
      std::string bound = "msl::Bound<decltype(&" + call + "), &" + call + ", slots_" + id + ">";
      kernels += "  {" + host + ", " + bound + "::run, " + bound + "::parameters, " + bound + "::count},\n";
    }
    text += "extern \"C\" {\nmsl::Runtime* msl_runtime;\n";
    text += "msl::Kernel msl_kernels[] = {\n" + kernels + "  {nullptr, nullptr, nullptr, 0}};\n";
    text += "msl::Constant msl_constants[] = {\n";
    for (auto& [index, name] : constants) text += "  {" + index + ", sizeof " + name + ", &" + name + "},\n";
    text += "  {0, 0, nullptr}};\n}\n";
    return text;
  }

  struct Host {
    std::string host, function, call;
  };

  std::vector<Token> tokens;
  size_t at = 0;
  std::string out;
  std::string last;
  unsigned arrays = 0;
  std::map<std::string, KernelFunction> functions;
  std::vector<Host> hosts;
  std::vector<std::pair<std::string, std::string>> constants;
};

}  // namespace

std::string rewrite(const std::string& preprocessed) { return Rewriter(preprocessed).run(); }

}  // namespace sim
