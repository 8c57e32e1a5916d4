using System.Net.Sockets;
using System.Text.RegularExpressions;
using ClickHouse.Driver;

namespace Received.Usage.ClickHouse;

/// <summary>What went wrong with ClickHouse, as one plain sentence that says what to look at.</summary>
static partial class ClickHouseFailure
{
    public const int TableExists = 57;
    public const int Thrown = 395;

    /// <summary>Another linear quorum write into the table is under way.</summary>
    public const int QuorumBusy = 286;

    const int TextMax = 300;

    /// <summary>The server's error code, or 0 where it gave none.</summary>
    public static int CodeOf(Exception error) => error switch
    {
        ClickHouseServerException server => server.ErrorCode,
        StoreUnavailableException { InnerException: { } inner } => CodeOf(inner),
        _ => 0,
    };

    /// <param name="server">Address and user, for the message.</param>
    public static StoreUnavailableException From(Exception error, string server, string user)
    {
        if (error is StoreUnavailableException known) return known;
        var message = error is ClickHouseServerException answer
            ? FromCode(answer.ErrorCode, FirstLine(Prefix().Replace(answer.Message, "")), server, user)
            : FromConnection(error, server);
        return new(message, error);
    }

    /// <summary>From what the server wrote into an answer that had begun.</summary>
    public static StoreUnavailableException FromText(string text, string server, string user)
    {
        var code = Code().Match(text) is { Success: true } match && int.TryParse(match.Groups[1].Value, out var number)
            ? number
            : 0;
        var from = text.IndexOf("Code:", StringComparison.Ordinal);
        return From(new ClickHouseServerException(text[Math.Max(0, from)..], "", code), server, user);
    }

    public static StoreUnavailableException TimedOut(TimeSpan timeout, string server, Exception error) => new(
        $"ClickHouse at {server} did not answer within {timeout.TotalSeconds:0.#} s.", error);

    static string FromConnection(Exception error, string server)
    {
        for (var inner = error; inner is not null; inner = inner.InnerException)
        {
            if (inner is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
            {
                return $"Nothing answers at {server}: is ClickHouse running, and is that the port of its HTTP "
                    + "interface (8123 unless changed)?";
            }

            if (inner is SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.TryAgain })
                return $"The host of {server} is not known: is the connection string right?";
            if (inner is System.Security.Authentication.AuthenticationException)
                return $"No secure connection to {server}: {inner.Message} Protocol=https needs the HTTPS port and a "
                    + "certificate that this machine trusts.";
            if (inner is HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse })
            {
                return $"What answers at {server} does not speak HTTP: ClickHouse's HTTP interface has port 8123 "
                    + "unless changed; 9000 is its native protocol.";
            }
        }

        return $"The connection to ClickHouse at {server} failed: {FirstLine(error.Message)}";
    }

    static string FromCode(int code, string text, string server, string user) => code switch
    {
        192 or 193 or 194 or 516 => $"ClickHouse at {server} refuses user '{user}': wrong name or password.",
        497 => $"User '{user}' of ClickHouse at {server} lacks a right that Received needs: {text}",
        164 => $"User '{user}' of ClickHouse at {server} may only read, or may not change settings: {text}",
        60 or 81 => $"A table or database is gone from ClickHouse at {server}; the next start makes it anew: {text}",
        115 => $"ClickHouse at {server} lacks a setting that Received needs: it must be 25.8 or newer. {text}",
        241 => $"ClickHouse at {server} has not enough memory for this: {text}",
        243 => $"The disk of ClickHouse at {server} is full: {text}",
        159 or 160 or 209 => $"ClickHouse at {server} did not finish in time: {text}",
        202 => $"ClickHouse at {server} has too many queries at the same time: {text}",
        252 => $"ClickHouse at {server} cannot merge as fast as it is written to: {text}",
        242 => $"Tables of ClickHouse at {server} are read only now: does it reach its Keeper? {text}",
        285 or 286 or 319 => $"Too few replicas of ClickHouse took the write: {text}",
        _ when text.Contains("clickhouse-client program", StringComparison.Ordinal) =>
            $"{server} is the port of ClickHouse's native protocol: the HTTP interface has 8123 unless changed.",
        _ => $"ClickHouse at {server} answered with error {code}: {text}",
    };

    static string FirstLine(string text)
    {
        var line = text.AsSpan().Trim();
        if (line.IndexOfAny('\r', '\n') is var end and >= 0) line = line[..end];
        return line.Length > TextMax ? $"{line[..TextMax]}..." : line.ToString();
    }

    [GeneratedRegex(@"Code: (\d+)\.")]
    private static partial Regex Code();

    [GeneratedRegex(@"^Code: \d+\. DB::Exception: ")]
    private static partial Regex Prefix();
}
