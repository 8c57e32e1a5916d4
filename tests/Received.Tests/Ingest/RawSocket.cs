using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Received.Tests.Ingest;

/// <summary>HTTP as bytes, for what no client library would send.</summary>
static class RawSocket
{
    public static string Post(string path, string body, string headers = "") =>
        $"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {DoorHost.WriteKey}\r\n{headers}"
        + $"Content-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";

    /// <summary>Writes the parts one by one and reads one answer, head and body.</summary>
    public static async Task<string> AskAsync(Uri address, IEnumerable<byte[]> parts)
    {
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(address.Host, address.Port);
        var stream = client.GetStream();
        foreach (var part in parts)
        {
            await stream.WriteAsync(part);
            await stream.FlushAsync();
            await Task.Yield();
        }

        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var text = new StringBuilder();
        var buffer = new byte[16 * 1024];
        while (!IsWhole(text.ToString()))
        {
            var read = await stream.ReadAsync(buffer, timeout.Token);
            if (read == 0) break;
            text.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }

        return text.ToString();
    }

    static bool IsWhole(string text)
    {
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0) return false;
        const string Length = "Content-Length: ";
        var at = text.IndexOf(Length, StringComparison.OrdinalIgnoreCase);
        if (at < 0 || at > end) return false;
        at += Length.Length;
        var length = int.Parse(text[at..text.IndexOf('\r', at)], CultureInfo.InvariantCulture);
        return Encoding.UTF8.GetByteCount(text[(end + 4)..]) >= length;
    }
}
