using System.Buffers;
using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// About how many tokens the texts of a model request are, from the way in which byte-pair vocabularies cut them: words, numbers, marks.
/// It needs no vocabulary and takes the same time for each byte, whatever stands there. How far it is from a real vocabulary is tested
/// (docs/decisions/0030-context-window.md). Pure.
/// </summary>
internal static class TokenEstimate
{
    private const double PerMessage = 4;
    private const int LongestOnStack = 512;
    private const int LookedAt = 256;

    /// <summary>Tokens of all texts and names in a body that is known to be JSON.</summary>
    /// <param name="body">The body.</param>
    /// <param name="uncounted">Bytes that do not count: of pictures and files, and what only the provider can decrypt.</param>
    public static double OfBody(ReadOnlySpan<byte> body, out long uncounted)
    {
        var tokens = 0d;
        uncounted = 0;
        var isMedia = false;
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = BodyReader.MaxDepth });
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    isMedia = IsMedia(ref reader);
                    // Names of messages and their members are not read by the model; those of tools and their arguments are.
                    if (reader.CurrentDepth > 4)
                        tokens += OfString(ref reader);
                    break;
                case JsonTokenType.StartObject when reader.CurrentDepth == 2:
                    tokens += PerMessage;
                    break;
                case JsonTokenType.String when isMedia && !IsText(reader.ValueSpan):
                    uncounted += reader.ValueSpan.Length;
                    break;
                case JsonTokenType.String:
                    tokens += OfString(ref reader);
                    break;
                case JsonTokenType.Number:
                    tokens += 1 + (reader.ValueSpan.Length / 3);
                    break;
                default:
                    break;
            }
        }
        return tokens;
    }

    /// <summary>Tokens of a text in UTF-8.</summary>
    public static double Of(ReadOnlySpan<byte> text)
    {
        var tokens = 0d;
        var at = 0;
        while (at < text.Length)
        {
            var from = at;
            var kind = KindOf(text[at++]);
            while (at < text.Length && KindOf(text[at]) == kind && !BeginsWord(text, at, kind))
                at++;
            tokens += Weigh(kind, text[from..at], at < text.Length ? KindOf(text[at]) : Kind.Line);
        }
        return tokens;
    }

    private static double OfString(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
            return Of(reader.ValueSpan);
        var length = reader.ValueSpan.Length;
        var rented = length > LongestOnStack ? ArrayPool<byte>.Shared.Rent(length) : null;
        var text = rented ?? stackalloc byte[LongestOnStack];
        try
        {
            return Of(text[..reader.CopyString(text)]);
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate: no provider reads it as a text.
            return Of(reader.ValueSpan);
        }
        finally
        {
            if (rented is not null)
                ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static bool IsMedia(ref Utf8JsonReader reader) =>
        RpcMessage.Is(ref reader, "data"u8)
        || RpcMessage.Is(ref reader, "url"u8)
        || RpcMessage.Is(ref reader, "image_url"u8)
        || RpcMessage.Is(ref reader, "file_data"u8)
        || RpcMessage.Is(ref reader, "encrypted_content"u8)
        || RpcMessage.Is(ref reader, "signature"u8)
        || RpcMessage.Is(ref reader, "thoughtSignature"u8);

    // A document may have its text where a picture has its bytes. Encodings have no blanks.
    private static bool IsText(ReadOnlySpan<byte> value) => value[..Math.Min(value.Length, LookedAt)].IndexOf((byte)' ') >= 0;

    // A capital after a small letter begins a word: theNextWord.
    private static bool BeginsWord(ReadOnlySpan<byte> text, int at, Kind kind) =>
        kind == Kind.Letter && text[at] is >= (byte)'A' and <= (byte)'Z' && text[at - 1] is >= (byte)'a' and <= (byte)'z';

    private static Kind KindOf(byte one) =>
        one switch
        {
            >= (byte)'a' and <= (byte)'z' or >= (byte)'A' and <= (byte)'Z' => Kind.Letter,
            >= (byte)'0' and <= (byte)'9' => Kind.Digit,
            (byte)' ' or (byte)'\t' => Kind.Blank,
            (byte)'\n' or (byte)'\r' => Kind.Line,
            < 0x80 => Kind.Mark,
            _ => Kind.Other,
        };

    private static double Weigh(Kind kind, ReadOnlySpan<byte> run, Kind next) =>
        kind switch
        {
            Kind.Letter => OfWord(run),
            Kind.Digit => (run.Length + 2) / 3,
            // One blank belongs to the word behind it, and to no number.
            Kind.Blank => run.Length > 1 || next is Kind.Digit or Kind.Line ? 1 : 0,
            Kind.Line => 0.7,
            Kind.Mark => OfMarks(run),
            _ => OfOther(run),
        };

    private static double OfWord(ReadOnlySpan<byte> word)
    {
        if (word.Length <= 2)
            return 1;
        // What has hardly a vowel is no word: keys, hashes, encodings.
        var vowels = 0;
        foreach (var letter in word)
            vowels += (letter | 0x20) is 'a' or 'e' or 'i' or 'o' or 'u' or 'y' ? 1 : 0;
        return vowels * 6 < word.Length ? word.Length / 2d
            : word.Length <= 7 ? 1
            : 1 + ((word.Length - 7) / 5d);
    }

    // Rows of one mark are few tokens.
    private static double OfMarks(ReadOnlySpan<byte> run)
    {
        var changes = 1;
        for (var i = 1; i < run.Length; i++)
            changes += run[i] != run[i - 1] ? 1 : 0;
        var rows = run.Length - changes;
        return ((changes + 1) / 2) + (rows / 8d);
    }

    private static double OfOther(ReadOnlySpan<byte> run)
    {
        var tokens = 0d;
        foreach (var one in run)
        {
            tokens += one switch
            {
                // By the first byte of each: other alphabets, those of India and its neighbours, letters of the East, pictures.
                >= 0xC0 and < 0xE0 => 0.32,
                0xE0 => 0.33,
                >= 0xE0 and < 0xF0 => 0.75,
                >= 0xF0 => 2,
                _ => 0,
            };
        }
        return tokens;
    }

    private enum Kind
    {
        Letter,
        Digit,
        Blank,
        Line,
        Mark,
        Other,
    }
}
