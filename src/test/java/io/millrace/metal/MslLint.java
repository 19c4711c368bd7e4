package io.millrace.metal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Finds most of what Apple's compiler would reject, without it. OpenCL C++ has the address spaces
 * of MSL and the same parent, clang: a kernel is turned into that and compiled. Two rules have no
 * counterpart there: pointers need an address space, and nothing may call itself.
 */
final class MslLint {
  private static final Path HEADERS = Path.of("src/test/native/msl-lint").toAbsolutePath();

  /** Recent enough for OpenCL C++ 2021; METAL.md of the project's notes says why clang. */
  private static final String[] COMPILERS = {"clang-22", "clang-21", "clang-20", "clang-19"};

  private static final String SCALARS =
      "float|half|bfloat|bool|char|uchar|short|ushort|int|uint|long|ulong|size_t";

  private static final Pattern FORBIDDEN =
      Pattern.compile(
          "\\b(double|goto|asm|new|delete|throw|try|catch|virtual|dynamic_cast|typeid|thread_elements|__metal_\\w+)\\b");

  private final String compiler;
  private final Path folder;

  /** The calling test is skipped, saying so, when there is no clang that is recent enough. */
  MslLint(Path folder) {
    this.compiler = NativeCompiler.require("the lint of the kernels", COMPILERS);
    this.folder = folder;
  }

  /** What is wrong with an MSL text, a line for each; none when it is right. */
  List<String> check(String msl) {
    try {
      Path source = Files.writeString(folder.resolve("source.metal"), withoutInclude(msl));
      NativeCompiler.Outcome preprocessed =
          NativeCompiler.run(
              List.of(compiler, "-E", "-P", "-undef", "-nostdinc", "-x", "c++", source.toString()));
      if (preprocessed.exit() != 0) {
        return preprocessed.output().lines().toList();
      }
      String text = preprocessed.output();
      List<String> problems = new ArrayList<>(rules(text));
      Path translated = Files.writeString(folder.resolve("source.clcpp"), translate(text));
      Path ir = folder.resolve("source.ll");
      NativeCompiler.Outcome compiled = NativeCompiler.run(command(translated, ir));
      problems.addAll(
          compiled
              .output()
              .lines()
              .filter(line -> line.contains("error:") || line.contains("warning:"))
              .toList());
      if (compiled.exit() == 0) {
        problems.addAll(recursion(Files.readString(ir)));
      } else if (problems.isEmpty()) {
        problems.add(compiled.output());
      }
      return problems;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<String> command(Path source, Path ir) {
    return List.of(
        compiler,
        "-x",
        "clcpp",
        "-cl-std=clc++2021",
        "-Xclang",
        "-finclude-default-header",
        "-Xclang",
        "-cl-ext=-cl_khr_fp64,-__opencl_c_fp64,-__opencl_c_pipes,-__opencl_c_device_enqueue,-__opencl_c_program_scope_global_variables",
        "-target",
        "spir64",
        "-Wdouble-promotion",
        "-Wno-null-dereference",
        "-Wno-unused-value",
        "-Werror",
        "-O0",
        "-S",
        "-emit-llvm",
        "-I" + HEADERS,
        "-o",
        ir.toString(),
        source.toString());
  }

  private static String withoutInclude(String msl) {
    return msl.replace("#include <metal_stdlib>", "");
  }

  /** What stands in other words in OpenCL C++. */
  private static String translate(String text) {
    String translated =
        text.replaceAll(
                "constant\\s+(\\w+)\\s+(\\w+)\\s*\\[\\[function_constant\\(\\d+\\)\\]\\]\\s*;",
                "constant $1 $2 = {};")
            .replaceAll("\\[\\[[^\\]]*\\]\\]", "")
            // OpenCL has shared arrays in kernels only, and kernels cannot be templates.
            .replaceAll(
                "(?<=[;{}])(\\s*)threadgroup\\s+(\\w+)\\s+(\\w+)\\s*((?:\\[[^\\]]*\\])+)\\s*;",
                "$1threadgroup metal::same<$2> (&$3)$4 = *(threadgroup metal::same<$2>(*)$4)0;");
    return "#include <metal_stdlib>\n" + translated;
  }

  private static List<String> rules(String text) {
    List<String> problems = new ArrayList<>();
    Matcher forbidden = FORBIDDEN.matcher(text);
    while (forbidden.find()) {
      problems.add("rule: '%s' is not for kernels".formatted(forbidden.group(1)));
    }
    String structs =
        Pattern.compile("\\bstruct\\s+(\\w+)")
            .matcher(text)
            .results()
            .map(struct -> "|" + struct.group(1))
            .collect(Collectors.joining());
    Matcher pointer =
        Pattern.compile(
                "(?:^|[(,;{}])\\s*((?:const\\s+)?(?:(?:%s)[234]?%s)\\s*(?:const\\s*)?[*&]\\s*[a-z]\\w*)"
                    .formatted(SCALARS, structs),
                Pattern.MULTILINE)
            .matcher(text);
    while (pointer.find()) {
      problems.add("rule: no address space: " + pointer.group(1));
    }
    return problems;
  }

  /** Functions that reach themselves in the call graph of LLVM's text. */
  private static List<String> recursion(String ir) {
    Map<String, Set<String>> calls = new HashMap<>();
    Pattern name = Pattern.compile("@([\\w.]+)\\(");
    String caller = "";
    for (String line : ir.lines().toList()) {
      Matcher callee = name.matcher(line);
      if (line.startsWith("define") && callee.find()) {
        caller = callee.group(1);
      } else if (line.contains("call ") && callee.find()) {
        calls.computeIfAbsent(caller, c -> new HashSet<>()).add(callee.group(1));
      }
    }
    Set<String> recursive = new TreeSet<>();
    for (String function : calls.keySet()) {
      Set<String> reached = new HashSet<>();
      List<String> open = new ArrayList<>(calls.get(function));
      while (!open.isEmpty()) {
        String next = open.removeLast();
        if (reached.add(next)) {
          open.addAll(calls.getOrDefault(next, Set.of()));
        }
      }
      if (reached.contains(function)) {
        recursive.add("rule: %s calls itself".formatted(function));
      }
    }
    return List.copyOf(recursive);
  }
}
