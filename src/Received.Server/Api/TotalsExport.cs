using System.Text;
using Received.Model;
using Received.Usage;

namespace Received.Server.Api;

/// <summary>
/// Totals as one file, streamed: memory does not grow with its length. What goes wrong before the first line is a
/// problem; what goes wrong later cuts the connection, so that half a file cannot pass for a whole one.
/// </summary>
static class TotalsExport
{
    public const string CsvType = "text/csv; charset=utf-8";
    public const string ParquetType = "application/vnd.apache.parquet";

    const string Header =
        "start,end,customer_ref,customer_name,usage_product_ref,usage_product_name,currency,entity_ref,quantity,count,"
        + "min,max,last\r\n";

    /// <summary>Written out whenever this many characters have gathered.</summary>
    const int ChunkLength = 32 * 1024;

    public static async Task<IResult> CsvAsync(TotalsRequest request, IUsageStore store, CancellationToken cancellation)
    {
        var lines = store.QueryTotalsAsync(request.Query, cancellation).GetAsyncEnumerator(cancellation);
        try
        {
            var any = await lines.MoveNextAsync();
            return new StreamedFile(CsvType, "totals.csv", target => WriteCsvAsync(request, lines, any, target));
        }
        catch
        {
            await lines.DisposeAsync();
            throw;
        }
    }

    public static IResult Parquet(TotalsRequest request, IUsageStore store) => new StreamedFile(
        ParquetType, "totals.parquet",
        target => store.WriteParquetAsync(request.Query, target).AsTask());

    static async Task WriteCsvAsync(
        TotalsRequest request, IAsyncEnumerator<TotalsLine> lines, bool any, Stream target)
    {
        await using var _ = lines;
        await using var writer = new StreamWriter(target, new UTF8Encoding(false), leaveOpen: true);
        var text = new StringBuilder(Header);
        for (; any; any = await lines.MoveNextAsync())
        {
            Append(text, lines.Current, request);
            if (text.Length < ChunkLength) continue;
            await writer.WriteAsync(text);
            text.Clear();
        }

        await writer.WriteAsync(text);
    }

    static void Append(StringBuilder text, TotalsLine line, TotalsRequest request)
    {
        CsvText.AppendPlain(text, TimeBuckets.Format(line.StartMs, request.Zone));
        CsvText.AppendPlain(text, TimeBuckets.Format(line.EndMs, request.Zone));
        CsvText.AppendText(text, line.CustomerRef);
        CsvText.AppendText(text, line.CustomerName);
        CsvText.AppendText(text, line.ProductRef);
        CsvText.AppendText(text, line.ProductName);
        CsvText.AppendText(text, line.Currency);
        CsvText.AppendText(text, line.EntityRef);
        CsvText.AppendPlain(text, Quantity.Format(line.Sum));
        CsvText.AppendPlain(text, line.Count.ToString());
        CsvText.AppendPlain(text, Quantity.Format(line.Min));
        CsvText.AppendPlain(text, Quantity.Format(line.Max));
        CsvText.AppendPlain(text, Quantity.Format(line.Last));
        CsvText.EndLine(text);
    }
}

/// <summary>A download whose length is not known before it ends.</summary>
sealed class StreamedFile(string contentType, string name, Func<Stream, Task> write) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.ContentType = contentType;
        response.Headers.ContentDisposition = $"attachment; filename=\"{name}\"";
        await write(response.Body);
    }
}
