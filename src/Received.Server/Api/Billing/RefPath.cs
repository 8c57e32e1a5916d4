using Microsoft.AspNetCore.Http.Features;

namespace Received.Server.Api.Billing;

/// <summary>
/// References in paths. They may hold any character, percent-encoded; the framework leaves "%2F" as it stands but
/// decodes the rest, so that two references could meet in one route value. So they are read from the request line.
/// </summary>
static class RefPath
{
    /// <summary>
    /// The reference in <c>/api/customers/{ref}</c>, decoded once; "", which names nothing, if the request line is not
    /// of that form.
    /// </summary>
    /// <param name="segment">Where it stands; before it are "", "api" and "customers".</param>
    public static string Read(HttpContext http, int segment = 3)
    {
        var target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (!target.StartsWith('/')) return "";
        var end = target.AsSpan().IndexOfAny('?', '#');
        var segments = (end < 0 ? target : target[..end]).Split('/');
        var path = http.Request.Path.Value!.Split('/');
        // Dots that were taken out of the path stand in the request line: then its segments are others.
        return segments.Length > segment && segments.AsSpan(0, segment).SequenceEqual(path.AsSpan(0, segment))
            ? Uri.UnescapeDataString(segments[segment])
            : "";
    }

    /// <summary>Where an entry is to be found.</summary>
    public static string Of(string collection, string reference) =>
        $"/api/{collection}/{Uri.EscapeDataString(reference)}";
}
