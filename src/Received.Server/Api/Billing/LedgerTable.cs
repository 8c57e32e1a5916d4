using System.Text;

namespace Received.Server.Api.Billing;

/// <summary>How a column of a report is read from its item.</summary>
/// <param name="Text">Made by the program, such as an amount or a date.</param>
/// <param name="IsForeign">True for what others have named: guarded against spreadsheets' formulas.</param>
readonly record struct LedgerColumn<T>(string Name, Func<T, string?> Text, bool IsForeign = false);

/// <summary>A report as one CSV file, streamed.</summary>
static class LedgerTable
{
    public static StreamedFile Csv<T>(
        string name, IReadOnlyList<LedgerColumn<T>> columns, IAsyncEnumerable<T> items) =>
        new(TotalsExport.CsvType, name, target => WriteAsync(columns, items, target));

    static async Task WriteAsync<T>(
        IReadOnlyList<LedgerColumn<T>> columns, IAsyncEnumerable<T> items, Stream target)
    {
        await using var writer = new StreamWriter(target, new UTF8Encoding(false), leaveOpen: true);
        var line = new StringBuilder();
        line.AppendJoin(',', columns.Select(column => column.Name));
        CsvText.EndLine(line);
        await writer.WriteAsync(line);
        await foreach (var item in items)
        {
            line.Clear();
            for (var i = 0; i < columns.Count; i++)
            {
                var cell = columns[i].Text(item);
                if (columns[i].IsForeign) CsvText.AppendText(line, cell);
                else CsvText.AppendPlain(line, cell ?? "");
            }

            CsvText.EndLine(line);
            await writer.WriteAsync(line);
        }
    }
}
