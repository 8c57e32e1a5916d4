using System.Globalization;
using System.Net.Http.Headers;
using DuckDB.NET.Data;
using Received.Model.Access;
using Xunit;

namespace Received.Tests.Server;

public sealed class ParquetTests
{
    [Fact]
    public async Task Totals_as_parquet_hold_the_same_numbers_as_json_exactly()
    {
        await using var server = await RunningServer.StartAsync();
        var key = (await server.NewKeyAsync("acme", Scopes.UsageRead | Scopes.UsageWrite)).Secret;
        await server.ReportAsync(key, "=c1", "123456789012345.123456789012");
        await server.ReportAsync(key, "=c1", "0.000000000001");
        await server.ReportAsync(key, "c2", "7");
        await server.CaughtUpAsync();
        var json = await server.GetAsync("/api/usage/totals?group=day", key);

        var file = Path.Combine(server.Folder, "answer.parquet");
        using (var request = new HttpRequestMessage(HttpMethod.Get, "/api/usage/totals?group=day"))
        {
            request.Headers.Authorization = new("Bearer", key);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/vnd.apache.parquet"));
            using var response = await server.Client.SendAsync(request);
            Assert.Equal("application/vnd.apache.parquet", response.Content.Headers.ContentType!.MediaType);
            await File.WriteAllBytesAsync(file, await response.Content.ReadAsByteArrayAsync());
        }

        var expected = json.GetProperty("items").EnumerateArray().Select(item => string.Join(
            ' ', new[] { "customer_ref", "usage_product_ref", "quantity", "min", "max", "last" }
                .Select(name => item.GetProperty(name).GetString())
                .Prepend(item.GetProperty("start").GetString()![..10])
                .Append(item.GetProperty("count").GetInt64().ToString(CultureInfo.InvariantCulture))));
        Assert.Equal(expected, Read(file));
    }

    static IReadOnlyList<string> Read(string file)
    {
        using var connection = new DuckDBConnection("Data Source=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        // Trailing zeros are the column's scale, not the number's.
        static string Plain(string column) => $"rtrim(rtrim({column}::VARCHAR, '0'), '.')";
        command.CommandText = $"""
            SELECT concat_ws(' ', strftime(start_utc, '%Y-%m-%d'), customer_ref, usage_product_ref,
                {Plain("quantity")}, {Plain("min")}, {Plain("max")}, {Plain("last")}, count)
            FROM read_parquet('{file}')
            """;
        using var reader = command.ExecuteReader();
        var lines = new List<string>();
        while (reader.Read()) lines.Add(reader.GetString(0));
        return lines;
    }
}
