using System.Text.Json;
using AgentReadiness.EvalRunner.Agents;
using AgentReadiness.EvalRunner.Grading;

namespace AgentReadiness.EvalRunner.Cases;

/// <summary>Reads the request of a case for an agent with an API of its own.</summary>
internal static class RequestReader
{
    private const string Known = "method, path, headers, body and response";
    private const int MaxHeaders = 64;

    private static readonly Dictionary<string, HttpMethod> Methods = new(StringComparer.Ordinal)
    {
        ["GET"] = HttpMethod.Get,
        ["POST"] = HttpMethod.Post,
        ["PUT"] = HttpMethod.Put,
        ["PATCH"] = HttpMethod.Patch,
        ["DELETE"] = HttpMethod.Delete,
    };

    // What makes it another request than the case says, or tells of another run.
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host",
        "Connection",
        "Upgrade",
        "Expect",
        "Trailer",
        "Transfer-Encoding",
        "Proxy-Connection",
        "Keep-Alive",
        AgentClient.RunHeader,
    };

    /// <summary>Reads a request.</summary>
    /// <exception cref="FormatException">It is none; the message names the field.</exception>
    public static RequestTemplate Read(JsonElement value)
    {
        HttpMethod? method = null;
        string? path = null,
            type = null;
        JsonElement? body = null;
        JsonPath? text = null;
        List<KeyValuePair<string, string>> headers = [];
        JsonFields.Members(
            value,
            "request",
            Known,
            (name, member) =>
            {
                switch (name)
                {
                    case "method":
                        method =
                            Methods.GetValueOrDefault(JsonFields.String(member, "request.method"))
                            ?? throw new FormatException($"request.method: must be one of {string.Join(", ", Methods.Keys)}");
                        return true;
                    case "path":
                        path = PathOf(JsonFields.String(member, "request.path"));
                        return true;
                    case "headers":
                        (headers, type) = Headers(member);
                        return true;
                    case "body":
                        body = JsonFields.Whole(member, "request.body");
                        return true;
                    case "response":
                        JsonFields.Members(
                            member,
                            "request.response",
                            "text",
                            (inner, place) => inner == "text" && (text = Place(place)) is not null
                        );
                        return true;
                    default:
                        return false;
                }
            }
        );
        if (body is { } && (method == HttpMethod.Get || method == HttpMethod.Delete))
            throw new FormatException("request.body: cannot be sent with this method");
        return new RequestTemplate
        {
            Method = method ?? HttpMethod.Post,
            Path = path,
            Headers = headers,
            ContentType = type,
            Body = body,
            Text = text,
        };
    }

    private static JsonPath Place(JsonElement value)
    {
        try
        {
            return JsonPath.Parse(JsonFields.String(value, "request.response.text"));
        }
        catch (FormatException exception) when (!exception.Message.StartsWith("request", StringComparison.Ordinal))
        {
            throw new FormatException($"request.response.text: {exception.Message}", exception);
        }
    }

    private static string PathOf(string path)
    {
        var plain = path.Replace(RequestTemplate.Placeholder, "x", StringComparison.Ordinal);
        // The host stays the target's: "//other/" would name another.
        var good =
            plain.StartsWith('/')
            && !plain.StartsWith("//", StringComparison.Ordinal)
            && plain.All(character => character is > ' ' and <= '~' and not ('\\' or '#' or '{' or '}'))
            && Uri.TryCreate("http://host" + plain, UriKind.Absolute, out var url)
            && url.Authority == "host";
        return good
            ? path
            : throw new FormatException("request.path: must be a path such as \"/ask?q={{input}}\", on the agent's own host");
    }

    private static (List<KeyValuePair<string, string>> Headers, string? ContentType) Headers(JsonElement value)
    {
        JsonFields.RequireObject(value, "request.headers");
        var headers = new List<KeyValuePair<string, string>>();
        string? type = null;
        foreach (var member in value.EnumerateObject())
        {
            var text = JsonFields.String(member.Value, "request.headers");
            if (
                member.Name.Length is 0 or > 128
                || !member.Name.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_')
                || !text.All(character => character is >= ' ' and <= '~')
            )
                throw new FormatException("request.headers: names are letters, digits, - and _, values are printable ASCII");
            var content = member.Name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase);
            if (member.Name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
                type = text;
            else if (content || Reserved.Contains(member.Name))
                throw new FormatException("request.headers: one of them is set by the runner and cannot be given");
            else
                headers.Add(new(member.Name, text));
        }
        return headers.Count <= MaxHeaders ? (headers, type) : throw new FormatException($"request.headers: more than {MaxHeaders}");
    }
}
