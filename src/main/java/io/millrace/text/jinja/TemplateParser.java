package io.millrace.text.jinja;

import io.millrace.text.jinja.Statement.Branch;
import io.millrace.text.jinja.Statement.FilterCall;
import io.millrace.text.jinja.Statement.Parameter;
import io.millrace.text.jinja.Statement.Target;
import io.millrace.text.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads the statements of a template. */
final class TemplateParser {
  private static final Set<String> CONSTANTS =
      Set.of("true", "True", "false", "False", "none", "None");

  private final TokenReader tokens;
  private final ExpressionParser expressions;
  private int loops;

  private TemplateParser(List<Token> tokens) {
    this.tokens = new TokenReader(tokens);
    this.expressions = new ExpressionParser(this.tokens);
  }

  /**
   * Reads a template.
   *
   * @throws TemplateException when it is not valid, or uses a statement that is not supported
   */
  static List<Statement> parse(String source) {
    TemplateParser parser = new TemplateParser(Lexer.tokens(source));
    List<Statement> statements = parser.statements(Set.of());
    if (parser.tokens.current().kind() != Kind.END) {
      throw parser.tokens.unexpected("a statement");
    }
    return statements;
  }

  /** Statements up to a block that begins with one of these names, which is the current word. */
  private List<Statement> statements(Set<String> ends) {
    tokens.enter();
    List<Statement> statements = new ArrayList<>();
    while (true) {
      Token token = tokens.current();
      switch (token.kind()) {
        case DATA -> {
          tokens.next();
          statements.add(new Statement.Data(token.line(), token.text()));
        }
        case VARIABLE_BEGIN -> {
          tokens.next();
          statements.add(new Statement.Output(token.line(), expressions.tuple()));
          tokens.expect(Kind.VARIABLE_END, "'}}'");
        }
        case BLOCK_BEGIN -> {
          tokens.next();
          Token name = tokens.current();
          if (name.kind() == Kind.NAME && ends.contains(name.text())) {
            tokens.leave();
            return List.copyOf(statements);
          }
          statements.addAll(statement());
        }
        case END -> {
          if (!ends.isEmpty()) {
            throw tokens.unexpected(String.join(" or ", ends.stream().sorted().toList()));
          }
          tokens.leave();
          return List.copyOf(statements);
        }
        default -> throw tokens.unexpected("a statement");
      }
    }
  }

  /** A body and the block that ends it. */
  private List<Statement> body(String end) {
    closeTag();
    List<Statement> body = statements(Set.of(end));
    tokens.next();
    closeTag();
    return body;
  }

  private void closeTag() {
    tokens.expect(Kind.BLOCK_END, "'%}'");
  }

  private List<Statement> statement() {
    int line = tokens.line();
    String name = tokens.expectName();
    return switch (name) {
      case "if" -> List.of(ifStatement(line));
      case "for" -> List.of(forStatement(line));
      case "set" -> List.of(set(line));
      case "macro" -> List.of(macro(line));
      case "call" -> List.of(callBlock(line));
      case "with" -> List.of(with(line));
      case "filter" -> List.of(filterBlock(line));
      case "print" -> {
        Statement output = new Statement.Output(line, expressions.tuple());
        closeTag();
        yield List.of(output);
      }
      // Marks what an assistant has written, for training.
      case "generation" -> body("endgeneration");
      case "break", "continue" -> {
        if (loops == 0) {
          throw new TemplateException(name + " outside of a loop").at(line);
        }
        closeTag();
        yield List.of(
            name.equals("break") ? new Statement.Break(line) : new Statement.Continue(line));
      }
      default -> throw TemplateException.unsupported("the statement '%s'".formatted(name)).at(line);
    };
  }

  private Statement ifStatement(int line) {
    List<Branch> branches = new ArrayList<>();
    List<Statement> otherwise = List.of();
    Set<String> ends = Set.of("elif", "else", "endif");
    String end = "elif";
    while (end.equals("elif")) {
      Expression test = expressions.tupleWithoutConditional();
      closeTag();
      branches.add(new Branch(test, statements(ends)));
      end = tokens.next().text();
    }
    if (end.equals("else")) {
      otherwise = body("endif");
    } else {
      closeTag();
    }
    return new Statement.If(line, List.copyOf(branches), otherwise);
  }

  private Statement forStatement(int line) {
    Target target = target(false);
    tokens.expectName("in");
    Expression sequence = expressions.tupleWithoutConditional();
    Optional<Expression> test =
        tokens.skipName("if") ? Optional.of(expressions.expression()) : Optional.empty();
    boolean recursive = tokens.skipName("recursive");
    closeTag();
    loops++;
    List<Statement> body = statements(Set.of("endfor", "else"));
    loops--;
    List<Statement> otherwise = List.of();
    if (tokens.next().text().equals("else")) {
      otherwise = body("endfor");
    } else {
      closeTag();
    }
    return new Statement.For(line, target, sequence, test, recursive, body, otherwise);
  }

  private Statement set(int line) {
    Target target = target(true);
    if (tokens.skipOperator("=")) {
      Expression value = expressions.tuple();
      closeTag();
      return new Statement.Set(line, target, value);
    }
    List<FilterCall> filters = new ArrayList<>();
    while (tokens.skipOperator("|")) {
      filters.add(expressions.filter());
    }
    return new Statement.SetBlock(line, target, List.copyOf(filters), body("endset"));
  }

  private Statement filterBlock(int line) {
    List<FilterCall> filters = new ArrayList<>();
    do {
      filters.add(expressions.filter());
    } while (tokens.skipOperator("|"));
    return new Statement.FilterBlock(line, List.copyOf(filters), body("endfilter"));
  }

  private Statement.Macro macro(int line) {
    String name = variable();
    List<Parameter> parameters = parameters();
    return new Statement.Macro(line, name, parameters, macroBody("endmacro"));
  }

  private Statement callBlock(int line) {
    List<Parameter> parameters = tokens.isOperator("(") ? parameters() : List.of();
    if (!(expressions.expression() instanceof Expression.Call call)) {
      throw new TemplateException("a call block has no call").at(line);
    }
    Statement.Macro caller = new Statement.Macro(line, "caller", parameters, macroBody("endcall"));
    return new Statement.CallBlock(line, caller, call);
  }

  /** The body of a macro is in no loop of its surroundings. */
  private List<Statement> macroBody(String end) {
    int outer = loops;
    loops = 0;
    List<Statement> body = body(end);
    loops = outer;
    return body;
  }

  private Statement with(int line) {
    List<Statement.Set> variables = new ArrayList<>();
    while (tokens.current().kind() != Kind.BLOCK_END) {
      if (!variables.isEmpty()) {
        tokens.expectOperator(",");
      }
      Target target = new Target.Variable(variable());
      tokens.expectOperator("=");
      variables.add(new Statement.Set(line, target, expressions.expression()));
    }
    return new Statement.With(line, List.copyOf(variables), body("endwith"));
  }

  private List<Parameter> parameters() {
    tokens.expectOperator("(");
    List<Parameter> parameters = new ArrayList<>();
    while (!tokens.isOperator(")")) {
      String name = variable();
      Optional<Expression> byDefault =
          tokens.skipOperator("=") ? Optional.of(expressions.expression()) : Optional.empty();
      if (byDefault.isEmpty()
          && !parameters.isEmpty()
          && parameters.getLast().byDefault().isPresent()) {
        throw tokens.unexpected("a default, as the parameter before has one");
      }
      parameters.add(new Parameter(name, byDefault));
      if (!tokens.isOperator(")")) {
        tokens.expectOperator(",");
      }
    }
    tokens.next();
    return List.copyOf(parameters);
  }

  private Target target(boolean mayBeNamespace) {
    List<Target> parts = new ArrayList<>();
    boolean isTuple = false;
    do {
      if (tokens.isName("in") || tokens.isOperator(")") || tokens.isOperator("=")) {
        break;
      }
      parts.add(targetPart(mayBeNamespace));
      isTuple |= tokens.isOperator(",");
    } while (tokens.skipOperator(","));
    if (parts.isEmpty()) {
      throw tokens.unexpected("a name");
    }
    return isTuple ? new Target.Unpacked(List.copyOf(parts)) : parts.getFirst();
  }

  private Target targetPart(boolean mayBeNamespace) {
    if (tokens.skipOperator("(")) {
      tokens.enter();
      Target inside = target(mayBeNamespace);
      tokens.leave();
      tokens.expectOperator(")");
      return inside;
    }
    String name = variable();
    if (mayBeNamespace && tokens.skipOperator(".")) {
      return new Target.NamespaceAttribute(name, tokens.expectName());
    }
    return new Target.Variable(name);
  }

  private String variable() {
    Token token = tokens.current();
    String name = tokens.expectName();
    if (CONSTANTS.contains(name)) {
      throw new TemplateException("cannot assign to " + name).at(token.line());
    }
    return name;
  }
}
