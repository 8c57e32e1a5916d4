using Spectre.Console;

namespace Received.Server.Cli;

/// <summary>
/// What commands print. Tables on a terminal; tab-separated lines, without colours or frames, where output is
/// redirected.
/// </summary>
sealed class Output(TextWriter plain, TextWriter errors, IAnsiConsole? terminal)
{
    public static Output ForProcess() => new(
        Console.Out, Console.Error, Console.IsOutputRedirected ? null : AnsiConsole.Console);

    public void Line(string text) => plain.WriteLine(text);

    public void Error(string text) => errors.WriteLine(text);

    public void Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        if (terminal is null)
        {
            plain.WriteLine(string.Join('\t', columns));
            foreach (var row in rows) plain.WriteLine(string.Join('\t', row.Select(OneLine)));
            return;
        }

        var table = new Table().Border(TableBorder.Rounded);
        foreach (var column in columns) table.AddColumn(new TableColumn(Markup.Escape(column)));
        foreach (var row in rows) table.AddRow([.. row.Select(cell => new Text(OneLine(cell)))]);
        terminal.Write(table);
    }

    // Names come from clients: no control character of theirs may reach a terminal.
    static string OneLine(string cell) =>
        cell.Any(char.IsControl) ? string.Concat(cell.Select(c => char.IsControl(c) ? ' ' : c)) : cell;
}

/// <summary>Exit codes of every command.</summary>
static class ExitCode
{
    public const int Ok = 0;

    /// <summary>Refused, or a check that failed.</summary>
    public const int Refused = 1;

    /// <summary>The command line itself is wrong.</summary>
    public const int Usage = 2;
}

/// <summary>A command cannot go on; the message is all that its user needs.</summary>
sealed class CommandException(string message) : Exception(message);
