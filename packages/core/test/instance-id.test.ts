import { describe, expect, it } from 'vitest';
import { InstanceId, isStateStoreError } from '@workflow-state/core';

const HEX = '0123456789abcdef0123456789abcdef';

describe('InstanceId', () => {
  it('generates 32 lowercase hex digits, each time others', () => {
    const ids = new Set(Array.from({ length: 100 }, () => InstanceId.generate()));
    expect(ids.size).toBe(100);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
  });

  it('reads hex and UUIDs in any case', () => {
    expect(InstanceId.parse(HEX)).toBe(HEX);
    expect(InstanceId.parse(HEX.toUpperCase())).toBe(HEX);
    expect(InstanceId.parse('01234567-89AB-cdef-0123-456789abcdef')).toBe(HEX);
  });

  it.each([
    '',
    HEX.slice(1),
    `${HEX}0`,
    `${HEX.slice(1)}g`,
    '0123-456789abcdef0123456789abcdef0',
    `${HEX}\n`,
    7,
    null,
    undefined,
  ])('refuses %j, naming it and the remedy', (text) => {
    expect(() => InstanceId.parse(text as string)).toThrow(
      expect.toSatisfy((e) => isStateStoreError(e) && e.code === 'INVALID_ARGUMENT' && e.recoveryHints.length > 0),
    );
  });

  it('refuses in words', async () => {
    expect(() => InstanceId.parse('order 4711')).toThrow(
      expect.objectContaining({
        message: 'id: expected 32 hex digits or a UUID, got "order 4711"',
        recoveryHints: ['InstanceId.fromName makes an id of any name'],
      }),
    );
    // Nothing that is only printed like an id.
    expect(() => InstanceId.parse([HEX] as never)).toThrow('id: expected 32 hex digits or a UUID');
    expect(() => InstanceId.toBytes([HEX] as never)).toThrow('id: expected 32 lowercase hex digits');
    expect(() => InstanceId.fromBytes(HEX as never)).toThrow('id: expected 16 bytes');
    await expect(InstanceId.fromName(7 as never, 'a')).rejects.toThrow('namespace: expected');
    await expect(InstanceId.fromName('a\0b', 'c')).rejects.toThrow('namespace: expected no zero byte');
  });

  it('goes to bytes and back', () => {
    const id = InstanceId.generate();
    expect(InstanceId.fromBytes(InstanceId.toBytes(id))).toBe(id);
    expect(InstanceId.toBytes(id)).toHaveLength(16);
    expect(() => InstanceId.fromBytes(new Uint8Array(15))).toThrow('16 bytes');
  });

  it('makes the same id of the same names for ever', async () => {
    // The first 16 bytes of SHA-256 over "order", a zero byte and "4711": by sha256sum.
    expect(await InstanceId.fromName('order', '4711')).toBe('1b76e17a79c762db89bf3be57fbe3053');
    expect(await InstanceId.fromName('order', '4712')).not.toBe(await InstanceId.fromName('order', '4711'));
  });

  it('keeps names apart whatever the place of the boundary', async () => {
    expect(await InstanceId.fromName('ab', 'c')).not.toBe(await InstanceId.fromName('a', 'bc'));
    await expect(InstanceId.fromName('a\0b', 'c')).rejects.toThrow('zero byte');
    await expect(InstanceId.fromName('a', '\ud800')).rejects.toThrow('name: expected a well-formed string');
  });
});
