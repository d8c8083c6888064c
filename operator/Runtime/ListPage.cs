using System.Buffers;
using System.Text.Json;

namespace AgentReadiness.Runtime;

/// <summary>
/// Reads one page of a list object by object. A page of large objects has hundreds of megabytes; only the object that is being read is in
/// memory.
/// </summary>
internal sealed class ListPage(Stream stream, Action<JsonElement> onItem)
{
    // As for one event of a watch. The API server stores objects of 1.5 MB at most; what is read is a little longer than what is stored.
    private const int LongestItem = 16 * 1024 * 1024;
    private const int FirstBuffer = 64 * 1024;
    private static readonly JsonReaderOptions Options = new() { MaxDepth = WireJson.MaxDepth + 8 };

    private byte[] buffer = [];
    private int start;
    private int end;
    private bool ended;
    private JsonReaderState state = new(Options);
    private string? version;
    private string? next;
    private string? property;
    private int depth;
    private bool inItems;

    /// <summary>Reads the page.</summary>
    /// <returns>The list's version, and the token of the next page; null where this is the last one.</returns>
    /// <exception cref="JsonException">It is no JSON.</exception>
    /// <exception cref="InvalidDataException">It is no list, or one object in it is too long.</exception>
    public async Task<(string Version, string? Next)> ReadAsync(CancellationToken cancellationToken)
    {
        buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
        try
        {
            do
            {
                await FillAsync(cancellationToken);
                while (Take()) { }
            } while (!ended);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        return version is null || depth > 0 ? throw new InvalidDataException("the page is no whole list") : (version, next);
    }

    /// <summary>
    /// Reads on, at least as much again as what is left: so an object that comes in many pieces is not read anew for each of them.
    /// </summary>
    private async Task FillAsync(CancellationToken cancellationToken)
    {
        var held = end - start;
        if (held > LongestItem)
            throw new InvalidDataException($"an object is longer than {LongestItem} bytes");
        var wanted = Math.Max(2 * held, FirstBuffer / 2);
        if (wanted > buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(wanted);
            buffer.AsSpan(start, held).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }
        else
        {
            buffer.AsSpan(start, held).CopyTo(buffer);
        }
        (start, end) = (0, held);
        while (end < wanted)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(end), cancellationToken);
            if (read == 0)
            {
                ended = true;
                return;
            }
            end += read;
        }
    }

    /// <summary>Takes the next token, or the next value that is read whole. False where more bytes are needed for it.</summary>
    private bool Take()
    {
        var reader = new Utf8JsonReader(buffer.AsSpan(start, end - start), ended, state);
        if (!reader.Read())
            return false;
        var from = start + (int)reader.TokenStartIndex;
        if (reader.TokenType == JsonTokenType.PropertyName && depth == 1)
        {
            property = reader.GetString();
        }
        else if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray && IsOpened(reader.TokenType))
        {
            depth++;
        }
        else if (reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray)
        {
            depth--;
            inItems = false;
        }
        else
        {
            if (!reader.TrySkip())
                return false;
            Value(buffer.AsMemory(from, start + (int)reader.BytesConsumed - from));
        }
        start += (int)reader.BytesConsumed;
        state = reader.CurrentState;
        return true;
    }

    /// <summary>Whether what begins is read part by part: the list itself, and its items.</summary>
    private bool IsOpened(JsonTokenType token)
    {
        if (depth == 0)
            return token == JsonTokenType.StartObject ? true : throw new InvalidDataException("the page is no list");
        inItems |= depth == 1 && property == "items" && token == JsonTokenType.StartArray;
        return inItems && depth == 1;
    }

    private void Value(ReadOnlyMemory<byte> json)
    {
        if (!inItems && property != "metadata")
            return;
        using var document = JsonDocument.Parse(json, WireJson.Options);
        var root = document.RootElement;
        if (inItems)
        {
            onItem(root);
            return;
        }
        version = root.GetProperty("resourceVersion").GetString();
        next = root.TryGetProperty("continue", out var token) && token.GetString() is { Length: > 0 } text ? text : null;
    }
}
