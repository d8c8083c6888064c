using CsCheck;

namespace AgentReadiness.Runtime.Tests;

/// <summary>A page of a list is read object by object, however it is cut into pieces.</summary>
public sealed class ListPageTests
{
    private static readonly Gen<string> Text = Gen.Char["ab\"\\{}[],:é 千\n"]
        .Array[0, 200]
        .Select(chars => JsonSerializer.Serialize(new string(chars)));

    private static readonly Gen<string> Value = Gen.Recursive<string>(
        (depth, inner) =>
            depth == 4
                ? Text
                : Gen.Frequency(
                    (4, Text),
                    (1, Gen.Const("null")),
                    (1, Gen.Int.Select(number => number.ToString(CultureInfo.InvariantCulture))),
                    (2, inner.Array[0, 4].Select(values => $"[{string.Join(" , ", values)}]")),
                    (2, inner.Array[0, 4].Select(values => $"{{{string.Join(",", values.Select((v, i) => $"\"items{i}\" : {v}"))}}}"))
                )
    );

    [Fact]
    public void Whatever_the_pieces_are_the_objects_are_the_same()
    {
        Gen.Select(Value.Array[0, 6], Value, Gen.Int[1, 4000].Array[1, 20], Gen.Int[0, 5])
            .Sample(
                (values, other, pieces, order) =>
                {
                    var items = values.Select(value => $"{{\"metadata\":{{}},\"items\":[{value}]}}").ToList();
                    string[] members =
                    [
                        "\"metadata\":{\"resourceVersion\":\"7\",\"continue\":\"more\"}",
                        $"\"items\": [ {string.Join(" ,\n", items)} ]",
                        $"\"other\":{other}",
                    ];
                    // The API server says the metadata first; nothing depends on it.
                    var text = "{" + string.Join(",", members.Skip(order % 3).Concat(members.Take(order % 3))) + "}\n";
                    var seen = new List<string>();
                    var (version, next) = Read(Encoding.UTF8.GetBytes(text), pieces, item => seen.Add(item.GetRawText()));
                    (version, next).ShouldBe(("7", "more"));
                    seen.ShouldBe(items);
                },
                iter: 3_000
            );
    }

    [Fact]
    public void A_page_that_breaks_off_is_no_page()
    {
        var whole = """{"metadata":{"resourceVersion":"7"},"items":[{"a":1},{"b":[2,3]}]}""";
        for (var length = 0; length < whole.Length; length++)
        {
            var part = Encoding.UTF8.GetBytes(whole[..length]);
            var exception = Should.Throw<Exception>(() => Read(part, [7], _ => { }), whole[..length]);
            (exception is JsonException or InvalidDataException).ShouldBeTrue($"{length}: {exception}");
        }
    }

    [Fact]
    public void No_depth_that_the_server_takes_ends_the_list()
    {
        var deep = $"{string.Concat(Enumerable.Repeat("{\"a\":", 9_990))}1{new string('}', 9_990)}";
        var text = $"{{\"items\":[{{\"spec\":{deep}}},{{\"b\":1}}],\"metadata\":{{\"resourceVersion\":\"7\"}}}}";
        var count = 0;
        Read(Encoding.UTF8.GetBytes(text), [1000], _ => count++).ShouldBe(("7", null));
        count.ShouldBe(2);
    }

    /// <summary>A page of 100 MB takes no more than some of its objects do.</summary>
    [Fact]
    public void A_page_is_never_whole_in_memory()
    {
        var item = $"{{\"data\":\"{new string('x', 1024 * 1024)}\"}}";
        var head = Encoding.UTF8.GetBytes("{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[" + item);
        var more = Encoding.UTF8.GetBytes("," + item);
        var (count, before, most) = (0, GC.GetTotalMemory(forceFullCollection: true), 0L);
        Read(
            new Parts([head, .. Enumerable.Repeat(more, 99), "]}"u8.ToArray()], [16 * 1024]),
            _ => (count, most) = (count + 1, count % 20 == 0 ? Math.Max(most, GC.GetTotalMemory(true) - before) : most)
        );
        count.ShouldBe(100);
        most.ShouldBeLessThan(20 * 1024 * 1024);
    }

    private static (string Version, string? Next) Read(byte[] text, int[] pieces, Action<JsonElement> onItem) =>
        Read(new Parts([text], pieces), onItem);

    private static (string Version, string? Next) Read(Stream stream, Action<JsonElement> onItem) =>
        new ListPage(stream, onItem).ReadAsync(CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>Hands out bytes in pieces of given lengths.</summary>
    private sealed class Parts(IReadOnlyList<byte[]> texts, int[] pieces) : Stream
    {
        private int text;
        private int at;
        private int piece;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            while (text < texts.Count && at == texts[text].Length)
                (text, at) = (text + 1, 0);
            if (text == texts.Count)
                return 0;
            var length = Math.Min(Math.Min(count, pieces[piece++ % pieces.Length]), texts[text].Length - at);
            texts[text].AsSpan(at, length).CopyTo(buffer.AsSpan(offset));
            at += length;
            return length;
        }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
